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
  /// Updates and scores of layers against least squares, worked out from their inputs with plain loops.
  @Suite struct LayerReconstructionTests {
    /// What each group of a layer's outputs is made of: samples of the columns' inputs.
    private struct Inputs {
      /// By group, each a vector of the columns.
      var positions: [[[Double]]]
      var samples = 0
    }

    /// Two convolutions, the second grouped, strided and padded on one side only, and a linear layer.
    private func network() throws -> Graph {
      var builder = GraphBuilder("layers", seed: 5)
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(5), .fixed(5)])
      x = builder.relu("relu", builder.convolution("conv1", x, inputs: 1, outputs: 4, kernel: 2, bias: true))
      x = builder.convolution("conv2", x, inputs: 4, outputs: 6, kernel: 2, padding: 1, groups: 2)
      x = builder.node("tanh", .activation(.tanh), x)
      x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 150, outputs: 3)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)])
      for index in graph.nodes.indices where graph.nodes[index].name == "conv2" {
        graph.nodes[index].op = .convolution(
          Convolution(
            kernel: [2, 2], strides: [2, 1], padding: Padding(top: 1, left: 0, bottom: 0, right: 2), groups: 2))
      }
      // 2 rows and 5 columns of places are left, 60 numbers.
      graph.weights["fc.weight"] = TensorData(
        shape: [3, 60], floats: Array(try #require(graph.weights["fc.weight"]).floats[..<180]))
      return TopologyZoo.randomized(graph, seed: 8)
    }

    private func context(_ graph: Graph, std: Double = 0.25) throws -> ScoringContext {
      let source = try TestNetworks.source(
        TestNetworks.images(60, channels: 1, size: 5, classes: 3), input: InputNormalization(mean: [0.5], std: [std]))
      return try ScoringContext(
        module: GraphModule(graph), data: source, seed: 2, calibration: Calibration(batches: 3, batchSize: 20))
    }

    /// The inputs of conv2 (by loops over its windows) or of fc.
    private func inputs(of layer: String, _ context: ScoringContext) throws -> Inputs {
      var result = Inputs(positions: layer == "conv2" ? [[], []] : [[]])
      try context.forEachBatch { images, _ in
        _ = try withoutGradients {
          try context.module.forward(images, mode: .evaluation) { node, values in
            guard node.name == layer, let x = values[node.inputs[0]] else { return }
            let numbers = try x.doubles
            result.samples += x.shape[0]
            for sample in 0..<x.shape[0] {
              if layer == "fc" {
                result.positions[0].append(Array(numbers[sample * 60..<(sample + 1) * 60]))
                continue
              }
              func at(_ channel: Int, _ row: Int, _ column: Int) -> Double {
                guard (0..<4).contains(row), (0..<4).contains(column) else { return 0 }
                return numbers[((sample * 4 + channel) * 4 + row) * 4 + column]
              }
              for group in 0..<2 {
                for row in stride(from: -1, through: 1, by: 2) {
                  for column in 0..<5 {
                    result.positions[group].append(
                      (0..<8).map { at(group * 2 + $0 / 4, row + $0 / 2 % 2, column + $0 % 2) })
                  }
                }
              }
            }
          }
        }
      }
      return result
    }

    /// The mean over samples of x x^T, with a share of the mean diagonal added.
    private func moments(_ positions: [[Double]], samples: Int, damping: Double) -> [[Double]] {
      let size = positions[0].count
      var result = Array(repeating: Array(repeating: 0.0, count: size), count: size)
      for x in positions {
        for row in 0..<size { for column in 0..<size { result[row][column] += x[row] * x[column] / Double(samples) } }
      }
      let mean = (0..<size).reduce(0) { $0 + result[$1][$1] } / Double(size)
      for row in 0..<size { result[row][row] += damping * mean }
      return result
    }

    /// The least squares solution over the kept columns for what the whole row gives.
    private func solution(_ moments: [[Double]], _ row: [Double], _ kept: [Bool]) -> [Double] {
      let places = kept.indices.filter { kept[$0] }
      var result = [Double](repeating: 0, count: row.count)
      guard !places.isEmpty else { return result }
      let right = GaussianElimination.product(
        GaussianElimination.part(moments, places, Array(row.indices)), row)
      let solved = GaussianElimination.solve(
        GaussianElimination.part(moments, places, places), right.map { [$0] })
      for (place, column) in places.enumerated() { result[column] = solved[place][0] }
      return result
    }

    private func rows(_ graph: Graph, _ layer: String) throws -> [[Double]] {
      let data = try #require(graph.weights["\(layer).weight"])
      let width = data.elementCount / data.shape[0]
      return (0..<data.shape[0]).map { data.floats[$0 * width..<($0 + 1) * width].map(Double.init) }
    }

    /// The second time with inputs of some hundreds, whose products no half precision holds.
    @Test(arguments: [0.25, 0.002])
    func updateIsLeastSquares(std: Double) throws {
      let graph = try network()
      let context = try context(graph, std: std)
      let inputs = try inputs(of: "conv2", context)
      let rows = try rows(graph, "conv2")
      var generator = SeededGenerator(seed: 1, stream: "mask")
      let mask = rows.flatMap { $0.map { _ in generator.uniform() < 0.6 } }
      let found = try #require(
        SparseGPTImportance().compensated(["conv2.weight": mask], in: context)["conv2.weight"]
      ).doubles
      for (row, weights) in rows.enumerated() {
        let moments = moments(inputs.positions[row / 3], samples: inputs.samples, damping: 0.01)
        let expected = solution(moments, weights, Array(mask[row * 8..<(row + 1) * 8]))
        for column in 0..<8 {
          #expect(abs(found[row * 8 + column] - expected[column]) < 1e-4, "row \(row): \(found), \(expected)")
          if !mask[row * 8 + column] { #expect(found[row * 8 + column] == 0) }
        }
      }
    }

    /// Without damping the update leaves the smallest error of the layer's outputs on the data themselves.
    @Test func nothingElseComesNearerToTheOutputs() throws {
      let graph = try network()
      let context = try context(graph)
      let inputs = try inputs(of: "conv2", context)
      let row = try rows(graph, "conv2")[4]
      var mask = Array(repeating: true, count: 48)
      for column in [1, 2, 6] { mask[4 * 8 + column] = false }
      let found = try #require(
        SparseGPTImportance(damping: 0).compensated(["conv2.weight": mask], in: context)["conv2.weight"]
      ).doubles
      func error(_ weights: [Double]) -> Double {
        inputs.positions[1].reduce(0) { sum, x in
          let difference = zip(x, zip(weights, row)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
          return sum + difference * difference
        }
      }
      let best = Array(found[32..<40])
      let least = error(best)
      #expect(least < 0.9 * error(row.indices.map { mask[32 + $0] ? row[$0] : 0 }))
      var generator = SeededGenerator(seed: 5, stream: "steps")
      for _ in 0..<50 {
        let other = best.indices.map { mask[32 + $0] ? best[$0] + (generator.uniform() - 0.5) * 0.02 : 0 }
        #expect(error(other) >= least * 0.9999)
      }
      // Rows that lose nothing stay.
      let before = try rows(graph, "conv2").flatMap { $0 }
      for element in 0..<48 where element / 8 != 4 { #expect(abs(found[element] - before[element]) < 1e-9) }
    }

    /// A unit's score is the error that least squares leaves at its consumers: conv2's channels are read by 10
    /// columns of fc.
    @Test func unitScoreIsTheErrorThatIsLeft() throws {
      let graph = try network()
      let context = try context(graph)
      let inputs = try inputs(of: "fc", context)
      let moments = moments(inputs.positions[0], samples: inputs.samples, damping: 0.01)
      let rows = try rows(graph, "fc")
      let groups = try ChannelAnalysis(graph).groups
      let group = try #require(groups.first { $0.layers.contains("conv2") })
      let layers = try #require(
        SparseGPTImportance().layerScores(of: groups, aggregation: nil, in: context)[group.name])
      let found = try #require(layers.first { $0.layer == "fc.weight" })
      for (unit, score) in zip(found.units, found.scores) {
        let columns = Set(
          group.units[unit].slices.filter { $0.weight == "fc.weight" && !$0.isOutput }.flatMap(\.indices))
        #expect(columns.count == 10)
        let kept = (0..<60).map { !columns.contains($0) }
        let expected = rows.reduce(0) { sum, row in
          let change = zip(solution(moments, row, kept), row).map { $0 - $1 }
          return sum + zip(change, GaussianElimination.product(moments, change)).reduce(0) { $0 + $1.0 * $1.1 }
        }
        #expect(abs(score - expected) < 1e-3 * expected, "\(score) against \(expected)")
      }
    }

    /// Element scores by the paper's order: the error of one more weight when the columns before it are fixed, the
    /// ones behind it free.
    @Test func elementScoreIsTheErrorOfOneMore() throws {
      let graph = try network()
      let context = try context(graph)
      let inputs = try inputs(of: "conv2", context)
      let rows = try rows(graph, "conv2")
      let found = try #require(SparseGPTImportance().elementScores(of: ["conv2.weight"], in: context)["conv2.weight"])
      for (row, weights) in rows.enumerated() {
        let moments = moments(inputs.positions[row / 3], samples: inputs.samples, damping: 0.01)
        for column in 0..<8 {
          // Of the columns from this one on, the part of H that the later ones cannot make up for.
          let rest = Array(column..<8)
          let inverse = GaussianElimination.inverse(GaussianElimination.part(moments, rest, rest))
          let expected = weights[column] * weights[column] / inverse[0][0]
          #expect(abs(Double(found[row * 8 + column]) - expected) < 1e-3 * expected)
        }
      }
    }

    /// The sweep, in blocks or not, settles columns one by one from the left; where all that leaves lies on the left,
    /// that is least squares.
    @Test func sweepSettlesColumnsInOrder() throws {
      var builder = GraphBuilder("wide", seed: 5)
      let size = 13 * 13
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(13), .fixed(13)])
      x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: size, outputs: 3, bias: false)
      let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)])
      let source = try TestNetworks.source(TestNetworks.images(90, channels: 1, size: 13, classes: 3, noise: 200))
      let context = try ScoringContext(
        module: GraphModule(graph), data: source, seed: 2, calibration: Calibration(batches: 3, batchSize: 30))
      var positions: [[Double]] = []
      try context.forEachBatch { images, _ in
        let numbers = try images.doubles
        positions += (0..<30).map { Array(numbers[$0 * size..<($0 + 1) * size]) }
      }
      let moments = moments(positions, samples: 90, damping: 0.01)
      let rows = try rows(graph, "fc")
      func updated(_ mask: [Bool], exactLimit: Double) throws -> [Double] {
        try #require(
          SparseGPTImportance(exactLimit: exactLimit).compensated(["fc.weight": mask], in: context)["fc.weight"]
        ).doubles
      }
      let prefix = (0..<3 * size).map { $0 % size >= 140 }
      for (left, right) in zip(try updated(prefix, exactLimit: -1), try updated(prefix, exactLimit: .infinity)) {
        #expect(abs(left - right) < 1e-6 * max(1, abs(right)))
      }
      // In general, by the definition: each column that leaves is made up for by those behind it alone.
      var generator = SeededGenerator(seed: 5, stream: "mask")
      let mask = (0..<3 * size).map { _ in generator.uniform() < 0.5 }
      let found = try updated(mask, exactLimit: -1)
      var inverses: [[Double]] = []
      for column in 0..<size {
        // The first column of the inverse of what is left of H.
        let rest = Array(column..<size)
        let unit = rest.indices.map { [$0 == 0 ? 1.0 : 0] }
        inverses.append(
          GaussianElimination.solve(GaussianElimination.part(moments, rest, rest), unit).map { $0[0] })
      }
      for row in 0..<3 {
        var weights = rows[row]
        for column in 0..<size where !mask[row * size + column] {
          let error = weights[column] / inverses[column][0]
          for place in column..<size { weights[place] -= error * inverses[column][place - column] }
        }
        for column in 0..<size {
          let expected = mask[row * size + column] ? weights[column] : 0
          #expect(abs(found[row * size + column] - expected) < 1e-5 * max(1, abs(expected)))
        }
      }
    }
  }
}
