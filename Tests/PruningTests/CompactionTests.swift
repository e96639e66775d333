import ChannelGroups
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

extension ComputeSuite {
  @Suite struct CompactionTests {
    /// The central property, through libtorch: the network without the channels gives what the network gives when
    /// nothing reads them.
    @Test(arguments: try TopologyZoo.all(), Criterion.allCases)
    func compactedEqualsMasked(topology: Topology, criterion: Criterion) throws {
      // Networks of several inputs, states and words are run by the loops of ChannelGroupsTests.
      guard topology.graph.inputs.count == 1, topology.graph.inputs[0].elementType == .float32 else { return }
      let module = try GraphModule(topology.graph)
      let analysis = try ChannelAnalysis(topology.graph)
      guard let scores = try scores(criterion, topology, analysis, module) else { return }
      var generator = SeededGenerator(seed: 17, stream: "\(topology.graph.name)/\(criterion.rawValue)")
      for round in 0..<3 {
        let shares = Dictionary(
          uniqueKeysWithValues: analysis.groups.map { ($0.name, generator.uniform() * 0.9) })
        let plan = PruningPlan(
          criterion: criterion, scope: round == 0 ? .global : .perGroup,
          sparsity: round == 0 ? .uniform(0.5) : .perGroup(shares), seed: UInt64(round))
        let outcome = try PruningStep.cut(plan, topology.graph, analysis: .channels(analysis), scores: scores)
        let masked = try GraphModule(analysis.masked(topology.graph, keeping: outcome.keptUnits))
        let compacted = try GraphModule(outcome.graph)
        let input = try TorchGenerator(seed: UInt64(round)).normal(topology.inputShape(batch: 3))
        let expected = try masked.infer(input).floats
        let values = try compacted.infer(input).floats
        #expect(values.count == expected.count)
        let scale = max(1, expected.map { abs($0) }.max() ?? 1)
        for (value, wanted) in zip(values, expected) {
          #expect(abs(value - wanted) <= 2e-5 * scale, "\(value) against \(wanted)")
        }
        #expect(outcome.graph.parameterCount <= topology.graph.parameterCount)
        if outcome.keptUnits.contains(where: { name, kept in
          analysis.groups.contains { $0.name == name && $0.units.count > kept.count }
        }) {
          #expect(outcome.graph.parameterCount < topology.graph.parameterCount)
        }
      }
    }

    /// nil where the criterion says that it cannot judge this network, or the zoo's input is no batch of images.
    private func scores(
      _ criterion: Criterion, _ topology: Topology, _ analysis: ChannelAnalysis, _ module: GraphModule
    ) throws -> GroupScores? {
      let shape = topology.inputShape(batch: 1)
      var data: BatchSource?
      if criterion.needsData {
        guard shape.count == 4, case .symbolic = topology.graph.inputs[0].shape[0] else { return nil }
        data = try TestNetworks.source(TestNetworks.images(24, channels: shape[1], size: shape[2]))
      }
      let hasNormalization = topology.graph.nodes.contains {
        if case .batchNormalization = $0.op { true } else { false }
      }
      do {
        return try ImportanceScoring.channelScores(
          criterion, groups: analysis.groups, module: module, data: data, seed: 3,
          calibration: Calibration(batches: 2, batchSize: 8))
      } catch let error as PruningError where criterion == .batchNormScale && error.code == .unsupportedCriterion {
        #expect(!hasNormalization, "\(error)")
        return nil
      }
    }

    @Test func pruningNothingChangesNothing() throws {
      for topology in try TopologyZoo.all() {
        let module = try GraphModule(topology.graph)
        let outcome = try PruningStep.apply(.dense(seed: 1), to: module, data: nil)
        #expect(outcome.graph == topology.graph)
        #expect(
          outcome.keptUnits.mapValues(\.count)
            == Dictionary(
              uniqueKeysWithValues: topology.groups.map { ($0.name, $0.units) }))
      }
    }

    @Test func layersOutsideThePlanStayWhole() throws {
      let graph = try TestNetworks.mixed()
      let plan = PruningPlan(
        criterion: .l1, scope: .local, sparsity: .uniform(0.5), layers: LayerSet(include: ["conv*"], exclude: ["conv1"])
      )
      let outcome = try PruningStep.apply(plan, to: GraphModule(graph), data: nil)
      #expect(outcome.graph.weights["conv1.weight"]?.shape == [6, 3, 3, 3])
      #expect(outcome.graph.weights["conv2.weight"]?.shape == [2, 6, 3, 3])
      #expect(outcome.graph.weights["fc1.weight"]?.shape == [7, 32])
    }

    @Test(arguments: [Criterion.random, .l1, .l2, .taylor], [Scope.global, .local])
    func elementsBecomeZerosOfTheSameShape(criterion: Criterion, scope: Scope) throws {
      let graph = try TestNetworks.mixed()
      let source = try TestNetworks.source(TestNetworks.images(40))
      let plan = PruningPlan(
        criterion: criterion, granularity: .element, scope: scope, sparsity: .uniform(0.75), seed: 4)
      let module = try GraphModule(graph)
      let outcome = try PruningStep.apply(plan, to: module, data: source)
      let prunable = graph.prunableWeights()
      #expect(Set(outcome.masks.keys) == Set(prunable.map(\.weight)))
      let total = prunable.reduce(0) { $0 + $1.count }
      let zeros = outcome.masks.values.reduce(0) { $0 + $1.count { !$0 } }
      #expect(abs(Double(zeros) / Double(total) - 0.75) < 0.01)
      for (name, mask) in outcome.masks {
        let values = try #require(outcome.graph.weights[name]).floats
        let before = try #require(graph.weights[name]).floats
        for index in mask.indices { #expect(values[index] == (mask[index] ? before[index] : 0)) }
      }
      #expect(outcome.graph.nonzeroParameterCount == graph.nonzeroParameterCount - zeros)

      // What was zeroed stays zero through training, and the masks can be had back from the trained network.
      let pruned = try GraphModule(outcome.graph)
      let masks = PruningStep.masks(ofZerosIn: outcome.graph, plan)
      #expect(masks == outcome.masks)
      try FineTuning.run(
        pruned, on: source, recovery: Recovery(batchSize: 20), epochs: 2, seed: 1,
        masks: PruningStep.tensors(of: masks, for: pruned))
      let trained = try pruned.exportedGraph()
      #expect(PruningStep.masks(ofZerosIn: trained, plan) == masks)
      #expect(trained.weights != outcome.graph.weights)
    }
  }
}
