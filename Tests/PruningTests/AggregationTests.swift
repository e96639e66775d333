import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import Selection
import StudyModel
import Tensors
import Testing
import Training

extension ComputeSuite {
  /// How layers' scores become one: by hand on two layers whose filters leave together.
  @Suite struct AggregationTests {
    private func scores(_ criterion: Criterion, _ ranking: Ranking, _ graph: Graph? = nil) throws -> [Float] {
      let graph = try graph ?? TestNetworks.stream()
      return try #require(
        ImportanceScoring.channelScores(
          criterion, ranking: ranking, groups: ChannelAnalysis(graph).groups, module: GraphModule(graph), data: nil,
          seed: 1)["a"])
    }

    @Test func normsOfTwoLayers() throws {
      // Absolute sums are 3, 1, 0.5 and 4, 5, 2.
      let expected: [(Aggregation, [Float])] = [
        (.sum, [7, 6, 2.5]), (.mean, [3.5, 3, 1.25]), (.max, [4, 5, 2]), (.first, [3, 1, 0.5]),
        (.l2, [5, Float(26).squareRoot(), Float(4.25).squareRoot()]),
      ]
      for (aggregation, values) in expected {
        #expect(try scores(.l1, Ranking(aggregation: aggregation)) == values)
      }
      #expect(try scores(.l1, Ranking()) == [7, 6, 2.5])
      #expect(try scores(.l2, Ranking()) == [5, Float(10).squareRoot(), Float(1.75).squareRoot()])
      #expect(try scores(.l2, Ranking(aggregation: .max)) == [4, 3, Float(1.5).squareRoot()])
      #expect(try scores(.linf, Ranking()) == [4, 2, 1])
      #expect(try scores(.linf, Ranking(aggregation: .sum)) == [7, 3, 1.5])
      #expect(try scores(.mean, Ranking(aggregation: .first)) == [3, -1, 0.5])
    }

    /// Squared norms of the layers are 9, 1, 0.25 and 16, 9, 1.5: joint ones 25, 10, 1.75.
    @Test func criteriaThatJoinInTheirOwnWayDoSoUnlessAsked() throws {
      let joint = try scores(.lamp, Ranking())
      for (score, value) in zip(joint, [1.0, 10.0 / 35, 1.75 / 36.75]) { #expect(abs(Double(score) - value) < 1e-6) }
      let first = try scores(.lamp, Ranking(aggregation: .first))
      let sum = try scores(.lamp, Ranking(aggregation: .sum))
      for unit in 0..<3 {
        let a = [1.0, 0.1, 0.25 / 10.25][unit]
        let b = [1.0, 9.0 / 25, 1.5 / 26.5][unit]
        #expect(abs(Double(first[unit]) - a) < 1e-6)
        #expect(abs(Double(sum[unit]) - (a + b)) < 1e-6)
      }
    }

    @Test func everyCriterionTakesEveryAggregation() throws {
      let graph = try TestNetworks.mixed()
      let groups = try ChannelAnalysis(graph).groups
      let module = try GraphModule(graph)
      let data = try TestNetworks.source(TestNetworks.images(64))
      for criterion in Criterion.allCases {
        let implementation = ImportanceScoring.implementation(of: criterion)
        for aggregation in Aggregation.allCases {
          let scores = try ImportanceScoring.channelScores(
            criterion, ranking: Ranking(aggregation: aggregation), groups: groups, module: module, data: data, seed: 1,
            calibration: Calibration(batches: 2, batchSize: 8))
          for group in groups {
            #expect(scores[group.name]?.count == group.units.count, "\(criterion) \(aggregation)")
          }
        }
        let context = ScoringContext(
          module: module, data: data, seed: 1, calibration: Calibration(batches: 2, batchSize: 8))
        for (name, layers) in try implementation.layerScores(of: groups, aggregation: .sum, in: context) {
          for layer in layers {
            #expect(layer.units.count == layer.scores.count && !layer.layer.isEmpty, "\(criterion) \(name)")
          }
        }
      }
    }

    /// Of a sum of two gates the square is not the sum of the squares; both follow from the gates' derivatives.
    @Test func taylorSquaresEachLayerByItselfWhenAsked() throws {
      let graph = try TestNetworks.stream()
      let module = try GraphModule(graph)
      let data = try TestNetworks.source(TestNetworks.images(32, channels: 1, size: 2, classes: 2))
      let groups = try ChannelAnalysis(graph).groups
      func scores(_ aggregation: Aggregation?) throws -> [Float] {
        try #require(
          ImportanceScoring.channelScores(
            .taylor, ranking: Ranking(aggregation: aggregation), groups: groups, module: module, data: data, seed: 3,
            calibration: Calibration(batches: 1, batchSize: 32))["a"])
      }
      let (joint, sum, first) = (try scores(nil), try scores(.sum), try scores(.first))
      for unit in 0..<3 {
        // With roots p and q of the layers' scores, the joint score is (p + q)^2 or (p - q)^2.
        let (p, q) = (first[unit].squareRoot(), (sum[unit] - first[unit]).squareRoot())
        let candidates = [(p + q) * (p + q), (p - q) * (p - q)]
        #expect(candidates.contains { abs($0 - joint[unit]) <= 1e-3 * max(joint[unit], 1e-6) }, "unit \(unit)")
      }
    }

    @Test func transformsChangeTheMomentsOnly() throws {
      // Row by row of one layer with mean 0.5 and values known: standardising moves means, and leaves skewness.
      let graph = try TestNetworks.stream()
      let layer = Moments([4, 0, 0, -2, 2, 1, 0.5, 0.5, -1])
      let plain = try scores(.mean, Ranking(aggregation: .max))
      #expect(plain[0] == 3)
      let changed = try scores(.mean, Ranking(aggregation: .sum, transform: .standardize))
      let a = Moments([3, -1, 0.5])
      for (unit, (x, y)) in [(3.0, 4.0 / 3), (-1, 1.0 / 3), (0.5, 0)].enumerated() {
        let expected = (x - a.mean) / a.deviation + (y - layer.mean) / layer.deviation
        #expect(abs(Double(changed[unit]) - expected) < 1e-5)
      }
      #expect(try scores(.l1, Ranking(transform: .log), graph) == scores(.l1, Ranking(), graph))
    }

    /// Element, block and N:M plans from criterion to network.
    @Test(
      arguments: [
        (Granularity.element, SparsityMeasure.units), (.element, .parameters), (.block(rows: 2, columns: 2), .units),
        (.block(rows: 1, columns: 3), .parameters), (.nOfM(kept: 2, of: 4), .units),
      ] as [(Granularity, SparsityMeasure)])
    func masksBecomeZeros(granularity: Granularity, measure: SparsityMeasure) throws {
      let graph = try TestNetworks.mixed()
      let plan = PruningPlan(
        criterion: .l1, granularity: granularity, sparsity: .uniform(0.5), measure: measure)
      let outcome = try PruningStep.apply(plan, to: GraphModule(graph), data: nil)
      #expect(outcome.keptUnits.isEmpty && Set(outcome.masks.keys) == Set(graph.prunableWeights().map(\.weight)))
      for (name, mask) in outcome.masks {
        let (before, after) = try (#require(graph.weights[name]).floats, #require(outcome.graph.weights[name]).floats)
        #expect(zip(zip(before, after), mask).allSatisfy { $0.1 == ($1 ? $0.0 : 0) })
      }
      #expect(PruningStep.masks(ofZerosIn: outcome.graph, plan) == outcome.masks)
      if measure == .parameters {
        let reached = try #require(outcome.reached)
        #expect(outcome.graph.nonzeroParameterCount == reached.achieved && reached.isReached)
        #expect(reached.target == graph.parameterCount / 2 && reached.gap < 4)
      }
      if case .nOfM = granularity {
        let weight = try #require(outcome.masks["conv2.weight"])
        // Six input channels: of the first four two stay, the last two are behind the last whole run.
        #expect(weight.count { $0 } == 5 * 9 * (2 + 2))
      }
    }

    @Test(arguments: [SparsityMeasure.parameters, .macs], [Normalization.mean, .isomorphic, .lamp])
    func channelsAreCutToASize(measure: SparsityMeasure, normalization: Normalization) throws {
      let graph = try TestNetworks.mixed()
      let plan = PruningPlan(
        criterion: .l2, ranking: Ranking(normalization: normalization), sparsity: .uniform(0.4), measure: measure)
      let outcome = try PruningStep.apply(plan, to: GraphModule(graph), data: nil)
      let reached = try #require(outcome.reached)
      let left = measure == .macs ? try outcome.graph.multiplyAccumulates() : outcome.graph.parameterCount
      #expect(left == reached.achieved && reached.isReached)
      #expect(try #require(reached.previous) > reached.target)
    }
  }
}
