import ChannelGroups
import Datasets
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import Testing
import Training

extension ComputeSuite {
  /// Criteria that train a copy of the network.
  @Suite struct LearnedCriteriaTests {
    private static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Goldens")

    // MARK: Movement

    /// Softmax regression trained by hand in double precision.
    @Test func movementIsTheSumOfRateTimesGradientTimesWeight() throws {
      var builder = GraphBuilder("regression", seed: 5)
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(2), .fixed(2)])
      x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 4, outputs: 3, bias: false)
      let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)])
      let context = try ScoringContext(
        module: GraphModule(graph),
        data: TestNetworks.source(TestNetworks.images(60, channels: 1, size: 2, classes: 3)), seed: 4,
        calibration: Calibration(batches: 3, batchSize: 10))
      var weights = try #require(graph.weights["fc.weight"]).floats.map(Double.init)
      var expected = [Double](repeating: 0, count: 12)
      var steps = 0
      try context.forEachBatch(12) { images, labels in
        steps += 1
        let (pixels, labels) = (try images.doubles, try labels.int64s)
        var gradient = [Double](repeating: 0, count: 12)
        for sample in 0..<10 {
          let input = Array(pixels[sample * 4..<(sample + 1) * 4])
          let logits = (0..<3).map { row in (0..<4).reduce(0) { $0 + weights[row * 4 + $1] * input[$1] } }
          let total = logits.reduce(0) { $0 + exp($1) }
          for row in 0..<3 {
            let error = exp(logits[row]) / total - (labels[sample] == Int64(row) ? 1 : 0)
            for column in 0..<4 { gradient[row * 4 + column] += error * input[column] / 10 }
          }
        }
        for index in 0..<12 {
          expected[index] -= 0.01 * gradient[index] * weights[index]
          weights[index] -= 0.01 * gradient[index]
        }
      }
      #expect(steps == 12)
      let found = try #require(MovementImportance().elementScores(of: ["fc.weight"], in: context)["fc.weight"])
      let scale = expected.map { abs($0) }.max() ?? 0
      for (score, wanted) in zip(found, expected) { #expect(abs(Double(score) - wanted) < 1e-4 * scale) }
      #expect(expected.contains { $0 < 0 } && expected.contains { $0 > 0 })
    }

    @Test func movementIsThatOfPyTorch() throws {
      let golden = try SafetensorsFile.read(Self.goldens.appendingPathComponent("movement.safetensors"))
      func part(_ prefix: String) -> [String: TensorData] {
        Dictionary(
          uniqueKeysWithValues: golden.filter { $0.key.hasPrefix(prefix) }.map {
            (String($0.key.dropFirst(prefix.count)), $0.value)
          })
      }
      let dataset = try ImageDataset(
        name: "golden", channels: 1, height: 8, width: 8, classCount: 5, images: #require(golden["images"]).bytes,
        labels: Array(#require(golden["labels"]).bytes))
      let graph = try TestNetworks.golden().laying(part("initial."))
      let scores = try ImportanceScoring.elementScores(
        .movement, weights: ["conv1.weight", "fc.weight"], module: GraphModule(graph),
        data: TestNetworks.source(dataset), seed: 1, calibration: Calibration(batches: 2, batchSize: 24))
      for (name, expected) in part("score.") {
        let found = try #require(scores[name])
        let scale = expected.floats.map { abs($0) }.max() ?? 0
        for (score, wanted) in zip(found, expected.floats) { #expect(abs(score - wanted) < 1e-3 * scale) }
      }
      // A channel's is the sum over its filter.
      let units = try #require(
        ImportanceScoring.channelScores(
          .movement, groups: ChannelAnalysis(graph).groups, module: GraphModule(graph),
          data: TestNetworks.source(dataset), seed: 1, calibration: Calibration(batches: 2, batchSize: 24))["conv1"])
      let rows = try #require(scores["conv1.weight"])
      for unit in 0..<4 { #expect(abs(units[unit] - rows[unit * 9..<(unit + 1) * 9].reduce(0, +)) < 1e-6) }
    }

    /// Three batches of eight samples, laid so that the calibration's order gives back PyTorch's batches.
    @Test(arguments: [Criterion.gradientSign, .grasp, .snip, .fisher])
    func gradientsOfSeveralBatchesAreThoseOfPyTorch(criterion: Criterion) throws {
      let golden = try SafetensorsFile.read(Self.goldens.appendingPathComponent("gradient_scores.safetensors"))
      let (images, labels) = (try #require(golden["images"]).bytes, try #require(golden["labels"]).bytes)
      var order = SampleOrder(count: 24, batchSize: 8, seed: SeededGenerator.derivedSeed(1, stream: "calibration"))
      let places = (0..<3).flatMap { _ in order.next() }
      var pixels = Data(count: images.count)
      var classes = Array(repeating: UInt8(0), count: 24)
      for (sample, place) in places.enumerated() {
        for pixel in 0..<64 {
          pixels[Int(place) * 64 + pixel] = images[images.startIndex + sample * 64 + pixel]
        }
        classes[Int(place)] = labels[labels.startIndex + sample]
      }
      let source = try TestNetworks.source(
        ImageDataset(
          name: "golden", channels: 1, height: 8, width: 8, classCount: 5, images: pixels, labels: classes))
      func part(_ prefix: String) -> [String: TensorData] {
        Dictionary(
          uniqueKeysWithValues: golden.filter { $0.key.hasPrefix(prefix) }.map {
            (String($0.key.dropFirst(prefix.count)), $0.value)
          })
      }
      let scores = try ImportanceScoring.elementScores(
        criterion, weights: ["conv1.weight", "fc.weight"],
        module: GraphModule(TestNetworks.golden().laying(part("initial."))), data: source, seed: 1,
        calibration: Calibration(batches: 3, batchSize: 8))
      for (name, expected) in part("\(criterion.rawValue).") {
        let found = try #require(scores[name])
        let scale = expected.floats.map { abs($0) }.max() ?? 0
        #expect(scale > 0 && found.count == expected.elementCount)
        for (score, wanted) in zip(found, expected.floats) { #expect(abs(score - wanted) < 1e-3 * scale) }
      }
    }

    // MARK: Dropout rates

    /// Minus the divergence is log(a) / 2 - E log|1 + sqrt(a) z| plus a constant, z normal; the approximation sets
    /// the limit to 0.
    @Test func divergenceIsItsIntegral() {
      func exact(_ x: Double) -> Double {
        let deviation = exp(x / 2)
        let count = 400_000
        var (sum, weight) = (0.0, 0.0)
        for index in 0..<count {
          let z = -9 + 18 * (Double(index) + 0.5) / Double(count)
          let density = exp(-z * z / 2)
          sum += density * log(max(abs(1 + deviation * z), 1e-9))
          weight += density
        }
        return x / 2 - sum / weight
      }
      // E log|z| = -(gamma + log 2) / 2, so the limit of the exact value is that much above.
      let limit = (0.5772156649015329 + log(2.0)) / 2
      for x in stride(from: -6.0, through: 4, by: 1) {
        #expect(abs(-DropoutDivergence.value(x) - (exact(x) - limit)) < 0.02, "at \(x)")
        let slope = (DropoutDivergence.value(x + 1e-4) - DropoutDivergence.value(x - 1e-4)) / 2e-4
        #expect(abs(DropoutDivergence.slope(x) - slope) < 1e-6)
        #expect(slope < 0)
      }
      #expect(abs(DropoutDivergence.value(30)) < 1e-6)
    }

    /// A trained network of one hidden layer, whose classes overlap so that what it needs shows, in which unit 2 is read with
    /// zero weights and pixel 5 is constant at zero.
    private func planted() throws -> (graph: Graph, context: ScoringContext) {
      var builder = GraphBuilder("planted", seed: 5)
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(3), .fixed(3)])
      x = builder.linear("fc1", builder.node("flatten", .flatten(axis: 1), x), inputs: 9, outputs: 4)
      x = builder.linear("fc2", builder.relu("relu", x), inputs: 4, outputs: 3)
      let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)])
      let images = try TestNetworks.images(2400, channels: 1, size: 3, classes: 3, noise: 160)
      var bytes = images.images
      // With the scale and mean of the source below, 51 is zero.
      for sample in 0..<2400 { bytes[bytes.startIndex + sample * 9 + 5] = 51 }
      let dataset = try ImageDataset(
        name: "planted", channels: 1, height: 3, width: 3, classCount: 3, images: bytes, labels: images.labels)
      let source = try TestNetworks.source(dataset, input: InputNormalization(mean: [0.2], std: [0.25]))
      let module = try GraphModule(graph)
      try FineTuning.run(
        module, on: source, recovery: Recovery(learningRate: 0.1, weightDecay: 0, batchSize: 20), epochs: 2, seed: 1)
      var trained = try module.exportedGraph()
      var values = try #require(trained.weights["fc2.weight"]).floats
      for row in 0..<3 { values[row * 4 + 2] = 0 }
      trained.weights["fc2.weight"] = TensorData(shape: [3, 4], floats: values)
      let context = try ScoringContext(
        module: GraphModule(trained), data: source, seed: 3, calibration: Calibration(batches: 12, batchSize: 32))
      return (trained, context)
    }

    /// The mean loss over the calibration batches, with one hidden unit read by zero weights.
    private func loss(of graph: Graph, without unit: Int? = nil, in context: ScoringContext) throws -> Double {
      var graph = graph
      if let unit {
        var values = try #require(graph.weights["fc2.weight"]).floats
        for row in 0..<3 { values[row * 4 + unit] = 0 }
        graph.weights["fc2.weight"] = TensorData(shape: [3, 4], floats: values)
      }
      let module = try GraphModule(graph)
      var total = 0.0
      try context.forEachBatch { images, labels in
        total += try module.scores(images, mode: .evaluation).crossEntropy(labels: labels).item()
      }
      return total / 12
    }

    @Test func uselessWeightsGetTheHighestDropoutRates() throws {
      let (graph, context) = try planted()
      let scores = try #require(
        DropoutRateImportance().elementScores(of: ["fc1.weight", "fc2.weight"], in: context)["fc1.weight"])
      let useless = (0..<36).filter { $0 / 9 == 2 || $0 % 9 == 5 }
      let highest = try #require(useless.map { scores[$0] }.max())
      let others = (0..<36).filter { !useless.contains($0) }.map { scores[$0] }
      // Only the divergence moves these: 48 steps at 0.05 from -3.
      for element in useless { #expect(abs(scores[element] - (3 - 48 * 0.05)) < 0.15) }
      #expect(others.allSatisfy { $0 >= highest - 0.1 })
      #expect(others.reduce(0, +) / Float(others.count) > highest + 0.3)
      let units = try #require(
        DropoutRateImportance().channelScores(of: ChannelAnalysis(graph).groups, in: context)["fc1"])
      for unit in [0, 1, 3] { #expect(units[unit] > units[2] + 0.2, "\(units)") }
      #expect(abs(units[2] - 0.6) < 0.15)
    }

    // MARK: Gates

    @Test func uselessUnitsLoseTheirGates() throws {
      let (graph, context) = try planted()
      let groups = try ChannelAnalysis(graph).groups
      let gates = try #require(GateImportance().channelScores(of: groups, in: context)["fc1"])
      // Only the penalty pulls on unit 2, all the way.
      #expect(abs(gates[2] - 0.1) < 1e-3)
      // What the loss grows by without a unit decides whether its gate holds out.
      let growth = try (0..<4).map { try loss(of: graph, without: $0, in: context) - loss(of: graph, in: context) }
      #expect(growth[2] == 0)
      #expect(growth.contains { $0 > 0.05 })
      for unit in [0, 1, 3] where growth[unit] > 0.05 { #expect(gates[unit] > gates[2] + 0.2, "\(gates) \(growth)") }
      for unit in [0, 1, 3] where abs(growth[unit]) < 1e-4 { #expect(gates[unit] < 0.2, "\(gates) \(growth)") }
      // One gate for each layer where layers are asked for one by one, by the layer's name.
      let layers = try #require(GateImportance().layerScores(of: groups, aggregation: .sum, in: context)["fc1"])
      #expect(layers.map(\.layer) == ["fc1"])
      #expect(layers[0].units == Array(0..<4))
    }

    @Test func everyBatchMovesWhatIsLearned() throws {
      for criterion in [Criterion.movement, .dropoutRates, .gates] {
        let implementation = ImportanceScoring.implementation(of: criterion)
        func scores(_ batches: Int) throws -> [String: [Float]] {
          let graph = try TestNetworks.mixed()
          let context = try ScoringContext(
            module: GraphModule(graph), data: TestNetworks.source(TestNetworks.images(64)), seed: 1,
            calibration: Calibration(batches: batches, batchSize: 8))
          let result = try implementation.channelScores(of: ChannelAnalysis(graph).groups, in: context)
          // The network is not the copy that was trained.
          #expect(try context.module.exportedGraph() == graph)
          return result
        }
        #expect(try scores(2) != scores(1))
      }
    }
  }
}
