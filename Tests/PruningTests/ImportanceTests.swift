import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import TestSupport
import Testing
import Training

extension ComputeSuite {
  /// Criteria against closed forms and brute force.
  @Suite struct ImportanceTests {
    /// Two residual convolutions of three channels on one stream, with numbers that can be added up by hand.
    private func stream() throws -> Graph {
      var graph = try TestNetworks.stream()
      graph.weights["b.bias"] = TensorData(shape: [3], floats: [100, 100, 100])
      graph.weights["bn.weight"] = TensorData(shape: [3], floats: [-2, 0.25, 1])
      return graph
    }

    private func scores(_ criterion: Criterion, _ graph: Graph, group: String) throws -> [Float] {
      let groups = try ChannelAnalysis(graph).groups
      let all = try ImportanceScoring.channelScores(
        criterion, groups: groups, module: GraphModule(graph), data: nil, seed: 1)
      return try #require(all[group])
    }

    @Test func normsCountAllFiltersOfAUnitAndNoBias() throws {
      let graph = try stream()
      #expect(try scores(.l1, graph, group: "a") == [3 + 4, 1 + 5, 0.5 + 2])
      #expect(
        try scores(.l2, graph, group: "a") == [
          Float(9 + 16).squareRoot(), Float(1 + 9).squareRoot(),
          Float(0.25 + 1.5).squareRoot(),
        ])
    }

    @Test func batchNormScaleIsItsAbsoluteValue() throws {
      #expect(try scores(.batchNormScale, stream(), group: "a") == [2, 0.25, 1])
    }

    @Test func groupsWithoutABatchNormFallBackToL2() throws {
      let graph = try TestNetworks.mixed()
      let scale = try #require(graph.weights["bn1.weight"]).floats.map { abs($0) }
      #expect(try scores(.batchNormScale, graph, group: "conv1") == scale)
      #expect(try scores(.batchNormScale, graph, group: "conv2") == scores(.l2, graph, group: "conv2"))
      #expect(try scores(.batchNormScale, graph, group: "fc1") == scores(.l2, graph, group: "fc1"))
    }

    @Test func networksWithoutABatchNormAreRefused() throws {
      var builder = GraphBuilder("bare", seed: 1)
      var x = builder.input("input", [.symbolic("batch"), .fixed(6)])
      x = builder.relu("relu", builder.linear("fc1", x, inputs: 6, outputs: 5))
      x = builder.linear("fc2", x, inputs: 5, outputs: 2)
      let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
      #expect { try scores(.batchNormScale, graph, group: "fc1") } throws: {
        ($0 as? PruningError)?.code == .unsupportedCriterion
      }
    }

    @Test func randomScoresLookUniformAndDifferByGroup() throws {
      let graph = try BuiltinNetworks.graph(named: "fashion-cnn", seed: 1)
      let values = try ["conv1", "conv2", "conv3", "fc1"].map { try scores(.random, graph, group: $0) }
      let all = values.flatMap { $0 }
      #expect(all.count == 480)
      #expect(all.allSatisfy { (0..<1).contains($0) })
      #expect(abs(all.reduce(0, +) / 480 - 0.5) < 0.06)
      #expect(Array(values[1].prefix(32)) != values[0])
    }

    /// Sums of distances over both layers of the stream, by two plain loops.
    @Test func fpgmIsBruteForce() throws {
      let graph = try TestNetworks.mixed()
      for (name, layers) in [("conv1", ["conv1"]), ("conv2", ["conv2"]), ("fc1", ["fc1"])] {
        check(try scores(.fpgm, graph, group: name), try bruteForce(graph, layers))
      }
      let stream = try stream()
      check(try scores(.fpgm, stream, group: "a"), try bruteForce(stream, ["a", "b"]))
    }

    private func bruteForce(_ graph: Graph, _ layers: [String]) throws -> [Double] {
      var result: [Double] = []
      for layer in layers {
        let data = try #require(graph.weights["\(layer).weight"])
        let width = data.elementCount / data.shape[0]
        let rows = (0..<data.shape[0]).map { data.floats[$0 * width..<($0 + 1) * width].map(Double.init) }
        if result.isEmpty { result = Array(repeating: 0, count: rows.count) }
        for (position, row) in rows.enumerated() {
          for other in rows {
            result[position] += zip(row, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
          }
        }
      }
      return result
    }

    private func check(_ scores: [Float], _ expected: [Double]) {
      #expect(scores.count == expected.count)
      for (score, wanted) in zip(scores, expected) { #expect(abs(Double(score) - wanted) <= 1e-5 * max(1, wanted)) }
    }

    /// A gate scaled by 1 + e changes the loss by e times the sum of g w: central differences of the loss itself, batch by
    /// batch, give the same squares.
    @Test(arguments: ["conv1", "conv2", "fc1"])
    func taylorIsTheDerivativeAlongTheChannel(group: String) throws {
      let graph = try TestNetworks.mixed()
      let gates = [
        "conv1": ["bn1.weight", "bn1.bias"], "conv2": ["conv2.weight", "conv2.bias"],
        "fc1": ["fc1.weight", "fc1.bias"],
      ]
      let source = try TestNetworks.source(TestNetworks.images(48))
      let calibration = Calibration(batches: 3, batchSize: 16)
      let analysis = try ChannelAnalysis(graph)
      let scores = try #require(
        ImportanceScoring.channelScores(
          .taylor, groups: analysis.groups, module: GraphModule(graph), data: source, seed: 5, calibration: calibration)[
            group])
      let module = try GraphModule(graph)
      for unit in 0..<scores.count {
        var order = SampleOrder(
          count: 48, batchSize: 16, seed: SeededGenerator.derivedSeed(5, stream: "calibration"))
        var expected = 0.0
        for _ in 0..<3 {
          let (images, labels) = try source.batch(order.next())
          func loss(_ scale: Float) throws -> Double {
            var changed: [String: TensorData] = [:]
            for name in try #require(gates[group]) {
              let data = try #require(graph.weights[name])
              let width = data.elementCount / data.shape[0]
              var values = data.floats
              for index in unit * width..<(unit + 1) * width { values[index] *= scale }
              changed[name] = TensorData(shape: data.shape, floats: values)
            }
            try module.load(changed)
            return try withoutGradients {
              // Double precision of the loss itself, so that differences of 1e-3 keep four digits.
              try module.forward(images, mode: .evaluation).to(.float64).crossEntropy(labels: labels).item()
            }
          }
          let step: Float = 0x1p-7
          let derivative = (try loss(1 + step) - loss(1 - step)) / Double(2 * step)
          expected += derivative * derivative / 3
        }
        try module.load(graph.weights)
        #expect(
          abs(Double(scores[unit]) - expected) <= 0.03 * expected + 1e-7, "unit \(unit): \(scores[unit]), \(expected)")
      }
    }

    @Test func taylorOfElementsIsTheDerivativeAlongEach() throws {
      let graph = try TestNetworks.mixed()
      let source = try TestNetworks.source(TestNetworks.images(32))
      let scores = try #require(
        ImportanceScoring.elementScores(
          .taylor, weights: ["conv2.weight"], module: GraphModule(graph), data: source, seed: 5,
          calibration: Calibration(batches: 1, batchSize: 32))["conv2.weight"])
      let module = try GraphModule(graph)
      let (images, labels) = try source.batch(0..<32)
      let data = try #require(graph.weights["conv2.weight"])
      var compared = 0
      for index in stride(from: 0, to: data.elementCount, by: 17) {
        func loss(_ scale: Float) throws -> Double {
          var values = data.floats
          values[index] *= scale
          try module.load(["conv2.weight": TensorData(shape: data.shape, floats: values)])
          return try withoutGradients {
            try module.forward(images, mode: .evaluation).to(.float64).crossEntropy(labels: labels).item()
          }
        }
        let derivative = abs(try loss(1.125) - loss(0.875)) / 0.25
        #expect(abs(Double(scores[index]) - derivative) <= 0.05 * derivative + 2e-6)
        compared += derivative > 1e-5 ? 1 : 0
      }
      #expect(compared > 5)
    }
  }
}
