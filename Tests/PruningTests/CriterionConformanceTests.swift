import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Testing
import Training

extension ComputeSuite {
  /// What `ImportanceCriterion` promises, for every criterion that exists.
  @Suite struct CriterionConformanceTests {
    /// Statistics that may be negative.
    private static let signed: Set<Criterion> = [
      .mean, .skewness, .grasp, .obd, .hessianTrace, .movement, .dropoutRates,
    ]
    /// Behind the hyperbolic tangent of "conv2" nothing is zero, and all maps have full rank.
    private static let coarse: Set<Criterion> = [.apoz, .hrank]

    @Test(arguments: Criterion.allCases)
    func keepsItsPromises(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let groups = try ChannelAnalysis(graph).groups
      // No multiple of the batch, so that seeds leave out other samples.
      let data = try TestNetworks.source(TestNetworks.images(50))
      #expect(ImportanceScoring.implementation(of: criterion).criterion == criterion)

      func score(_ seed: UInt64) throws -> [String: [Float]] {
        // Fewer samples than there are, so that the seed decides which.
        try ImportanceScoring.channelScores(
          criterion, groups: groups, module: module, data: data, seed: seed,
          calibration: Calibration(batches: 3, batchSize: 16))
      }
      try onOneThread {
        let scores = try score(1)
        #expect(Set(scores.keys) == Set(groups.map(\.name)))
        for group in groups {
          let values = try #require(scores[group.name])
          #expect(values.count == group.units.count)
          #expect(values.allSatisfy { $0.isFinite && ($0 >= 0 || Self.signed.contains(criterion)) })
          if group.name == "conv2", Self.coarse.contains(criterion) { continue }
          #expect(Set(values).count > 1, "'\(criterion.rawValue)' does not tell the units of \(group.name) apart")
        }
        #expect(try score(1) == scores)
        // Only chance, and the choice of calibration batches, depend on the seed.
        #expect(try (score(2) == scores) == (criterion != .random && !criterion.needsData))
      }
      #expect(try module.exportedGraph() == graph)
      #expect(module.parameters.allSatisfy { $0.tensor.grad == nil })
      #expect(try ImportanceScoring.channelScores(criterion, groups: [], module: module, data: data, seed: 1).isEmpty)
    }

    @Test(arguments: Criterion.allCases)
    func judgesElementsOrRefusesThem(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let data = try TestNetworks.source(TestNetworks.images(64))
      let weights = graph.prunableWeights().map(\.weight)
      func score() throws -> [String: [Float]] {
        try ImportanceScoring.elementScores(criterion, weights: weights, module: module, data: data, seed: 1)
      }
      if criterion.judgesElements {
        try onOneThread {
          let scores = try score()
          for weight in weights {
            #expect(scores[weight]?.count == graph.weights[weight]?.elementCount)
            #expect(
              scores[weight]?.allSatisfy { $0.isFinite && ($0 >= 0 || Self.signed.contains(criterion)) } == true)
          }
          #expect(try score() == scores)
        }
      } else {
        #expect { try score() } throws: { ($0 as? PruningError)?.code == .unsupportedCriterion }
      }
      #expect(try module.exportedGraph() == graph)
    }

    @Test(arguments: Criterion.allCases.filter(\.needsData))
    func missingDataIsAnError(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let groups = try ChannelAnalysis(graph).groups
      #expect {
        try ImportanceScoring.channelScores(
          criterion, groups: groups, module: GraphModule(graph), data: nil, seed: 1)
      } throws: { ($0 as? PruningError)?.code == .missingData }
    }

    @Test func scoresThatAreNotFiniteAreAnError() throws {
      var graph = try TestNetworks.mixed()
      var values = try #require(graph.weights["conv2.weight"]).floats
      values[7] = .infinity
      graph.weights["conv2.weight"] = TensorData(shape: [5, 6, 3, 3], floats: values)
      let groups = try ChannelAnalysis(graph).groups
      for criterion in [Criterion.l1, .l2] {
        #expect {
          try ImportanceScoring.channelScores(
            criterion, groups: groups, module: GraphModule(graph), data: nil, seed: 1)
        } throws: { ($0 as? PruningError)?.code == .invalidScores }
      }
    }
  }
}
