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
