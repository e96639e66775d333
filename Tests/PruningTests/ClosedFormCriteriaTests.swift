import ChannelGroups
import Foundation
import GraphRuntime
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support
import Tensors
import Testing
import Training

extension ComputeSuite {
  /// Criteria against formulas worked out for networks on which everything can be written down.
  @Suite struct ClosedFormCriteriaTests {
    // MARK: Weights alone

    /// One linear layer of three units over four inputs, and a second one that reads them.
    private func rows(_ rows: [[Float]]) throws -> Graph {
      var builder = GraphBuilder("rows", seed: 1)
      var x = builder.input("input", [.symbolic("batch"), .fixed(rows[0].count)])
      x = builder.relu("relu", builder.linear("fc1", x, inputs: rows[0].count, outputs: rows.count, bias: false))
      x = builder.linear("fc2", x, inputs: rows.count, outputs: 2, bias: false)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
      graph.weights["fc1.weight"] = TensorData(shape: [rows.count, rows[0].count], floats: rows.flatMap { $0 })
      return graph
    }

    private func scores(_ criterion: Criterion, _ graph: Graph) throws -> [Float] {
      let groups = try ChannelAnalysis(graph).groups
      return try #require(
        ImportanceScoring.channelScores(
          criterion, groups: groups, module: GraphModule(graph), data: nil, seed: 1)["fc1"])
    }

    private func expectClose(_ left: [Float], _ right: [Double], within tolerance: Double = 1e-5) {
      #expect(left.count == right.count)
      for (a, b) in zip(left, right) {
        #expect(abs(Double(a) - b) <= tolerance * max(1, abs(b)), "\(left) against \(right)")
      }
    }

    @Test func momentsAreThoseOfTheRows() throws {
      // By hand: deviations of 1, 2, 3, 4 are -1.5, -0.5, 0.5, 1.5; those of 0, 0, 0, 1 are -0.25 three times and 0.75.
      let graph = try rows([[1, 2, 3, 4], [0, 0, 0, 1], [-2, -2, -2, -2]])
      expectClose(try scores(.mean, graph), [2.5, 0.25, -2])
      expectClose(try scores(.variance, graph), [1.25, 0.1875, 0])
      expectClose(try scores(.skewness, graph), [0, 1.1547005383792517, 0])
      expectClose(try scores(.kurtosis, graph), [1.64, 7.0 / 3, 3])
    }

    @Test func largestWeightCounts() throws {
      #expect(try scores(.linf, rows([[1, -5, 3, 4], [0.5, 0, 0, 1], [-2, -2, 2, 2]])) == [5, 1, 2])
    }

    /// Squares over the sum of those that are not smaller, by plain loops.
    @Test func lampIsBruteForce() throws {
      let graph = try rows([[3, 0], [1, 1], [0, 4]])
      expectClose(try scores(.lamp, graph), [9.0 / 25, 2.0 / 27, 1])
      let weights = try #require(graph.weights["fc1.weight"]).floats.map { Double($0 * $0) }
      let elements = try #require(
        ImportanceScoring.elementScores(
          .lamp, weights: ["fc1.weight"], module: GraphModule(graph), data: nil, seed: 1)["fc1.weight"])
      for (index, square) in weights.enumerated() where weights.count(where: { $0 == square }) == 1 {
        #expect(abs(Double(elements[index]) - square / weights.filter { $0 >= square }.reduce(0, +)) < 1e-6)
      }
    }

    /// Through layers without biases the flow is conserved: what flows into the units is what flows out of them, and the sum
    /// over a layer is the whole flow, the same for every layer.
    @Test func synapticFlowIsConserved() throws {
      let graph = try rows([[1, -5, 3, 4], [0.5, 0, 0, 1], [-2, -2, 2, 2]])
      let elements = try ImportanceScoring.elementScores(
        .synflow, weights: ["fc1.weight", "fc2.weight"], module: GraphModule(graph), data: nil, seed: 1)
      let first = try #require(elements["fc1.weight"]).map(Double.init)
      let second = try #require(elements["fc2.weight"]).map(Double.init)
      #expect(abs(first.reduce(0, +) - second.reduce(0, +)) < 1e-5)
      for unit in 0..<3 {
        let into = first[unit * 4..<(unit + 1) * 4].reduce(0, +)
        #expect(abs(into - (second[unit] + second[3 + unit])) < 1e-5)
        #expect(abs(Double(try scores(.synflow, graph)[unit]) - into) < 1e-5)
      }
      // The flow through a unit is the product of the absolute weights in and out, up to one factor for all.
      let out = try #require(graph.weights["fc2.weight"]).floats.map { Double(abs($0)) }
      let products = [(13.0, 0), (1.5, 1), (8, 2)].map { $0.0 * (out[$0.1] + out[3 + $0.1]) }
      let sums = (0..<3).map { unit in first[unit * 4..<(unit + 1) * 4].reduce(0, +) }
      for unit in 1..<3 { #expect(abs(sums[unit] / sums[0] - products[unit] / products[0]) < 1e-5) }
    }

    // MARK: Gradients

    /// Softmax regression on images of four pixels: gradient and Hessian have closed forms.
    private struct Regression {
      let graph: Graph
      let source: BatchSource
      /// Inputs and labels, batch by batch, in the order of calibration.
      var batches: [(inputs: [[Double]], labels: [Int])] = []
      let weights: [[Double]]

      init(batches count: Int, batchSize: Int, seed: UInt64) throws {
        var builder = GraphBuilder("regression", seed: 5)
        var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(2), .fixed(2)])
        x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 4, outputs: 3, bias: false)
        graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)])
        source = try TestNetworks.source(TestNetworks.images(60, channels: 1, size: 2, classes: 3))
        let values = try #require(graph.weights["fc.weight"]).floats.map(Double.init)
        weights = (0..<3).map { Array(values[$0 * 4..<($0 + 1) * 4]) }
        var order = SampleOrder(
          count: 60, batchSize: batchSize, seed: SeededGenerator.derivedSeed(seed, stream: "calibration"))
        for _ in 0..<count {
          let (images, labels) = try source.batch(order.next())
          let pixels = try images.floats.map(Double.init)
          batches.append(
            ((0..<batchSize).map { Array(pixels[$0 * 4..<($0 + 1) * 4]) }, try labels.int64s.map { Int($0) }))
        }
      }

      func probabilities(_ x: [Double]) -> [Double] {
        let logits = weights.map { row in zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }
        let exponentials = logits.map { exp($0 - (logits.max() ?? 0)) }
        return exponentials.map { $0 / exponentials.reduce(0, +) }
      }

      /// (p - y) x, class by class, for each sample of the batch.
      func sampleGradients(_ batch: Int) -> [[[Double]]] {
        zip(batches[batch].inputs, batches[batch].labels).map { x, label in
          probabilities(x).enumerated().map { row, p in x.map { (p - (row == label ? 1 : 0)) * $0 } }
        }
      }

      /// The mean over the batch.
      func gradient(_ batch: Int) -> [[Double]] {
        var result = Array(repeating: Array(repeating: 0.0, count: 4), count: 3)
        let samples = sampleGradients(batch)
        for sample in samples {
          for row in 0..<3 {
            for column in 0..<4 { result[row][column] += sample[row][column] / Double(samples.count) }
          }
        }
        return result
      }

      /// Mean over the batch of (p_c [c = d] - p_c p_d) x_i x_j, applied to a vector.
      func hessianTimes(_ vector: [[Double]], _ batch: Int) -> [[Double]] {
        var result = Array(repeating: Array(repeating: 0.0, count: 4), count: 3)
        for x in batches[batch].inputs {
          let p = probabilities(x)
          let along = vector.map { row in zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }
          let mean = zip(p, along).reduce(0) { $0 + $1.0 * $1.1 }
          for row in 0..<3 {
            for column in 0..<4 { result[row][column] += p[row] * (along[row] - mean) * x[column] }
          }
        }
        return result.map { $0.map { $0 / Double(batches[batch].inputs.count) } }
      }

      func diagonal(_ batch: Int) -> [[Double]] {
        var result = Array(repeating: Array(repeating: 0.0, count: 4), count: 3)
        for x in batches[batch].inputs {
          for (row, p) in probabilities(x).enumerated() {
            for column in 0..<4 { result[row][column] += p * (1 - p) * x[column] * x[column] }
          }
        }
        return result.map { $0.map { $0 / Double(batches[batch].inputs.count) } }
      }

      func scores(_ criterion: Criterion, seed: UInt64) throws -> [Float] {
        let size = batches[0].inputs.count
        return try #require(
          ImportanceScoring.elementScores(
            criterion, weights: ["fc.weight"], module: GraphModule(graph), data: source, seed: seed,
            calibration: Calibration(batches: batches.count, batchSize: size))["fc.weight"])
      }
    }

    /// Mean over batches of a 3 x 4 table.
    private func mean(_ regression: Regression, _ table: (Int) -> [[Double]]) -> [Double] {
      let tables = regression.batches.indices.map { table($0).flatMap { $0 } }
      return (0..<12).map { index in tables.reduce(0) { $0 + $1[index] } / Double(tables.count) }
    }

    @Test func firstOrderCriteriaFollowTheGradient() throws {
      let regression = try Regression(batches: 5, batchSize: 8, seed: 11)
      let weights = regression.weights.flatMap { $0 }
      let gradient = mean(regression) { regression.gradient($0) }
      expectClose(try regression.scores(.snip, seed: 11), zip(gradient, weights).map { abs($0 * $1) }, within: 1e-4)
      // Sample by sample: the square of a batch's mean gradient is another, smaller number.
      let squares = mean(regression) { batch in
        let samples = regression.sampleGradients(batch)
        return regression.weights.indices.map { row in
          regression.weights[row].indices.map { column in
            samples.reduce(0) { sum, gradient in
              let change = gradient[row][column] * regression.weights[row][column]
              return sum + change * change / 2
            } / Double(samples.count)
          }
        }
      }
      expectClose(try regression.scores(.fisher, seed: 11), squares, within: 1e-4)
      let signs = mean(regression) { regression.gradient($0).map { $0.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 } } }
      expectClose(try regression.scores(.gradientSign, seed: 11), signs.map { abs($0) })
      #expect(Set(signs.map { abs($0) }).count > 1)
    }

    @Test func graspIsTheHessianTimesTheGradient() throws {
      let regression = try Regression(batches: 4, batchSize: 10, seed: 3)
      let expected = mean(regression) { batch in
        zip(regression.hessianTimes(regression.gradient(batch), batch), regression.weights).map {
          zip($0, $1).map { $0 * $1 }
        }
      }
      expectClose(try regression.scores(.grasp, seed: 3), expected, within: 1e-4)
    }

    /// So few weights have the exact diagonal.
    @Test func obdHasTheDiagonal() throws {
      let regression = try Regression(batches: 5, batchSize: 8, seed: 2)
      let expected = zip(mean(regression) { regression.diagonal($0) }, regression.weights.flatMap { $0 }).map {
        $0 * $1 * $1 / 2
      }
      expectClose(try regression.scores(.obd, seed: 2), expected, within: 1e-5)
    }

    // MARK: Which end leaves

    @Test func removalTurnsStatisticsIntoImportance() {
      let statistics: [Float] = [1, 5, 2, 2.5]
      #expect(Removal.low.importance(statistics) == statistics)
      #expect(Removal.high.importance(statistics) == [-1, -5, -2, -2.5])
      // The median is 2.25.
      #expect(Removal.outlying.importance(statistics) == [-1.25, -2.75, -0.25, -0.25])
      #expect(Removal.outlying.importance([]).isEmpty)
    }

    @Test func removalDecidesWhoLeaves() throws {
      let graph = try rows([[1, 1, 1, 1], [2, 2, 2, 2], [9, 9, 9, 9], [3, 3, 3, 3]])
      let groups = try ChannelAnalysis(graph).groups
      for (removal, gone) in [(Removal.low, 0), (.high, 2), (.outlying, 2)] {
        let plan = PruningPlan(
          criterion: .mean, ranking: Ranking(removal: removal), scope: .local, sparsity: .uniform(0.25))
        let kept = try PlanSelection.keptUnits(groups: groups, scores: ["fc1": scores(.mean, graph)], plan: plan)
        #expect(kept["fc1"] == (0..<4).filter { $0 != gone })
      }
      // Without a word in the plan: means far from the others.
      let usual = PruningPlan(criterion: .mean, scope: .local, sparsity: .uniform(0.25))
      #expect(
        try PlanSelection.keptUnits(groups: groups, scores: ["fc1": scores(.mean, graph)], plan: usual)["fc1"] == [
          0, 1, 3,
        ])
    }
  }
}
