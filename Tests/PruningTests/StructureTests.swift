import ChannelGroups
import Foundation
import GraphRuntime
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support
import Tensors
import TestSupport
import Testing
import Training

extension Tag {
  /// Seconds rather than milliseconds.
  @Tag static var slow: Self
}

extension ComputeSuite {
  /// The proof of the structural engine: whatever leaves, by whatever criterion, the smaller network computes what the masked one does.
  @Suite struct StructureTests {
    private static let granularities: [Granularity] = [.channel, .head, .unit, .layer]

    /// Every network of the zoo and every granularity that finds something in it, under every criterion, with a share and a scope
    /// drawn at random, others each run. COPPICE_TEST_SEED repeats them.
    ///
    /// Criteria that need data meet every network of one float input and a free batch; those of several inputs, of words or of a fixed
    /// batch are refused by the tool itself.
    @Test(.tags(.slow)) func compactedEqualsMaskedWhateverIsAsked() throws {
      let environment = ProcessInfo.processInfo.environment["COPPICE_TEST_SEED"]
      let seed = environment.flatMap(UInt64.init) ?? UInt64.random(in: 0..<1_000_000)
      print("StructureTests: COPPICE_TEST_SEED=\(seed)")
      var tried: [Granularity: Int] = [:]
      var refused = 0
      for topology in try TopologyZoo.all() {
        let imaged = try ImagedTopology(topology)
        let graph = imaged?.graph ?? topology.graph
        let module = try GraphModule(graph)
        for granularity in Self.granularities {
          let analysis = try StructuralAnalysis(graph, granularity: granularity)
          if analysis.groups.allSatisfy({ $0.units.count < 2 }) { continue }
          var generator = SeededGenerator(seed: seed, stream: "\(graph.name)/\(granularity.rawValue)")
          for criterion in Criterion.allCases where imaged != nil || !criterion.needsData {
            let plan = plan(criterion, granularity, analysis, &generator)
            let comment = "\(graph.name), \(criterion), \(granularity.rawValue), \(plan.sparsity), seed \(seed)"
            guard let scores = try scores(plan, analysis, module, imaged, comment) else {
              refused += 1
              continue
            }
            let outcome = try cut(plan, graph, analysis, scores, comment)
            let masked = try analysis.masked(graph, keeping: outcome.keptUnits)
            if let imaged {
              try expectEqual(outcome.graph, masked, on: imaged.images(3, seed: plan.seed), comment)
            } else {
              let small = try topology.outputs(of: outcome.graph)
              for (one, two) in zip(small, try topology.outputs(of: masked)) {
                #expect(one.largestDifference(from: two) < 1e-9, "\(comment)")
              }
            }
            tried[granularity, default: 0] += 1
          }
        }
      }
      let counts = Self.granularities.map { "\($0.rawValue) \(tried[$0] ?? 0)" }.joined(separator: ", ")
      print("StructureTests: cuts by \(counts); refused \(refused)")
      for granularity in Self.granularities { #expect((tried[granularity] ?? 0) > 5) }
    }

    private func plan(
      _ criterion: Criterion, _ granularity: Granularity, _ analysis: StructuralAnalysis,
      _ generator: inout SeededGenerator
    ) -> PruningPlan {
      let scope = [Scope.global, .local, .perGroup][generator.integer(below: 3)]
      let share = generator.uniform() * 0.9
      var shares: [String: Double] = [:]
      for group in analysis.groups { shares[group.name] = generator.uniform() * 0.9 }
      return PruningPlan(
        criterion: criterion, granularity: granularity, scope: scope,
        sparsity: scope == .perGroup ? .perGroup(shares) : .uniform(share),
        seed: UInt64(generator.integer(below: 1000)))
    }

    /// nil where the criterion looks for batch normalisations and there are none, or at activations that have no samples.
    private func scores(
      _ plan: PruningPlan, _ analysis: StructuralAnalysis, _ module: GraphModule, _ imaged: ImagedTopology?,
      _ comment: String
    ) throws -> GroupScores? {
      do {
        let scores = try ImportanceScoring.channelScores(
          plan.criterion, groups: analysis.groups, module: module,
          data: plan.criterion.needsData ? imaged?.source() : nil, seed: plan.seed,
          calibration: Calibration(batches: 1, batchSize: 8))
        for group in analysis.groups { #expect(scores[group.name]?.count == group.units.count, "\(comment)") }
        return scores
      } catch let error as PruningError where error.code == .unsupportedCriterion {
        let hasNoSamples = error.message.contains("samples cannot be told apart")
        #expect(plan.criterion == .batchNormScale || hasNoSamples, "\(comment): \(error)")
        return nil
      }
    }

    private func cut(
      _ plan: PruningPlan, _ graph: Graph, _ analysis: StructuralAnalysis, _ scores: GroupScores, _ comment: String
    ) throws -> PruningOutcome {
      let outcome = try PruningStep.cut(plan, graph, analysis: analysis, scores: scores)
      let size = try analysis.measure(keeping: outcome.keptUnits)
      #expect(size.parameters == outcome.graph.parameterCount, "\(comment)")
      #expect(size.multiplyAccumulates == (try outcome.graph.multiplyAccumulates()), "\(comment)")
      let leaves = analysis.groups.contains { outcome.keptUnits[$0.name]?.count != $0.units.count }
      #expect(leaves == (size.parameters < graph.parameterCount), "\(comment)")
      return outcome
    }

    private func expectEqual(_ small: Graph, _ masked: Graph, on input: Tensor, _ comment: String) throws {
      let expected = try GraphModule(masked).infer(input).floats
      let values = try GraphModule(small).infer(input).floats
      let scale = max(1, expected.map { abs($0) }.max() ?? 1)
      #expect(values.count == expected.count, "\(comment)")
      #expect(zip(values, expected).allSatisfy { abs($0 - $1) <= 2e-5 * scale }, "\(comment)")
    }

    /// Criteria that need data, for heads and layers of one small transformer and units of one recurrent network.
    @Test(arguments: [Granularity.channel, .head, .layer]) func everyCriterionJudgesHeadsAndLayers(
      granularity: Granularity
    ) throws {
      let graph = try Self.transformer()
      let analysis = try StructuralAnalysis(graph, granularity: granularity)
      let data = try TestNetworks.source(TestNetworks.images(64))
      for criterion in Criterion.allCases where criterion != .batchNormScale {
        let plan = PruningPlan(
          criterion: criterion, granularity: granularity, scope: .local, sparsity: .uniform(0.5), seed: 3)
        let outcome = try PruningStep.apply(plan, to: GraphModule(graph), data: data)
        #expect(outcome.keptUnits.keys.sorted() == analysis.groups.map(\.name).sorted())
        for group in analysis.groups { #expect(outcome.keptUnits[group.name]?.count == group.units.count / 2) }
        #expect(outcome.graph.parameterCount < graph.parameterCount)
      }
    }

    /// A branch's score is the mean of what its kernels' elements score, so a wide branch does not win by its width.
    @Test func aBranchScoresTheMeanOfItsKernels() throws {
      let graph = try Self.transformer()
      let analysis = try StructuralAnalysis(graph, granularity: .layer)
      let group = try #require(analysis.groups.first)
      func scores(_ criterion: Criterion) throws -> [Float] {
        try #require(
          ImportanceScoring.channelScores(
            criterion, groups: analysis.groups, module: GraphModule(graph), data: nil, seed: 1)["layers"])
      }
      func mean(_ weights: [String], _ part: (Float) -> Float) throws -> Float {
        let values = try weights.flatMap { try #require(graph.weights[$0]).floats }
        return values.reduce(0) { $0 + part($1) } / Float(values.count)
      }
      let kernels = [["qkv.weight", "proj.weight"], ["up.weight", "down.weight"]]
      #expect(group.units.map(\.layers) == [["qkv", "proj"], ["up", "down"]])
      for (score, weights) in zip(try scores(.l1), kernels) {
        let expected = try mean(weights) { abs($0) }
        #expect(abs(score - expected) < 1e-5)
      }
      // The mean weight of each column of "up" and "down", averaged over all columns.
      let (up, down) = (try mean(["up.weight"]) { $0 }, try mean(["down.weight"]) { $0 })
      let expected: Float = (up * 10 + down * 8) / 18
      let found = try scores(.mean)[1]
      #expect(abs(found - expected) < 1e-5)
    }

    /// A branch outside the layer set stays; the others compete.
    @Test func theLayerSetHoldsForBranches() throws {
      let graph = try BuiltinNetworks.graph(named: "resnet20")
      let analysis = try StructuralAnalysis(graph, granularity: .layer)
      let plan = PruningPlan(
        criterion: .random, granularity: .layer, sparsity: .uniform(0.7),
        layers: LayerSet(exclude: ["layer3.*"]), seed: 1)
      let scores: GroupScores = ["layers": [1, 2, 3, 4, 5, 0, 0]]
      let outcome = try PruningStep.cut(plan, graph, analysis: analysis, scores: scores)
      // Two of seven may stay, and both of the third stage do.
      #expect(outcome.keptUnits == ["layers": [5, 6]])
    }

    /// Whatever is asked, something stays of every layer.
    @Test(
      arguments: granularities + [.element, .block(rows: 2, columns: 4), .nOfM(kept: 1, of: 8)],
      [Sparsity.uniform(0.999), .threshold(1e30)])
    func nothingIsCutToNothing(granularity: Granularity, sparsity: Sparsity) throws {
      for topology in try TopologyZoo.all() {
        for scope in [Scope.global, .local] {
          let plan = PruningPlan(criterion: .l1, granularity: granularity, scope: scope, sparsity: sparsity)
          let outcome = try PruningStep.apply(plan, to: GraphModule(topology.graph), data: nil)
          #expect(outcome.keptUnits.values.allSatisfy { !$0.isEmpty }, "\(topology.graph.name)")
          for weight in outcome.graph.prunableWeights() {
            let tensor = try #require(outcome.graph.weights[weight.weight])
            let isThere = tensor.elementCount > 0 && tensor.floats.contains { $0 != 0 }
            #expect(isThere, "\(weight.weight) of \(topology.graph.name)")
          }
        }
      }
    }

    /// Patches of `[N, 3, 8, 8]`, attention with two heads, a feed-forward part, 4 classes.
    static func transformer() throws -> Graph {
      try #require(TopologyZoo.all().first { $0.graph.name == "vision-transformer" }).graph
    }
  }
}
