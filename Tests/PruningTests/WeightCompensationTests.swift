import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Tensors
import Testing
import Training

extension ComputeSuite {
  /// Plans whose criterion changes the weights that stay.
  @Suite struct WeightCompensationTests {
    private func data() throws -> BatchSource { try TestNetworks.source(TestNetworks.images(64)) }

    @Test(arguments: Criterion.allCases)
    func whoUpdatesSaysSo(criterion: Criterion) {
      let implementation = ImportanceScoring.implementation(of: criterion)
      #expect((implementation is any CompensatingCriterion) == criterion.updatesWeights)
    }

    /// Mean squared distance of the network's outputs from the dense one's, over the calibration batches.
    private func distance(_ graph: Graph, _ dense: Graph, seed: UInt64) throws -> Double {
      let (module, other) = (try GraphModule(graph), try GraphModule(dense))
      let context = try ScoringContext(
        module: other, data: data(), seed: seed, calibration: Calibration(batches: 4, batchSize: 16))
      var sum = 0.0
      try context.forEachBatch { images, _ in
        sum += try module.infer(images).meanSquaredError(other.infer(images)).item()
      }
      return sum
    }

    @Test(arguments: [Criterion.obs, .sparseGPT])
    func elementsThatStayMakeUp(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let plan = PruningPlan(
        criterion: criterion, granularity: .element, scope: .local, sparsity: .uniform(0.6),
        layers: LayerSet(include: ["conv2", "fc1"]), seed: 3)
      let calibration = Calibration(batches: 4, batchSize: 16)
      let outcome = try PruningStep.apply(plan, to: module, data: data(), calibration: calibration)
      var plain = graph
      for (name, mask) in outcome.masks {
        let (old, new) = (try #require(graph.weights[name]), try #require(outcome.graph.weights[name]))
        #expect(zip(new.floats, mask).allSatisfy { $1 || $0 == 0 })
        #expect(zip(zip(new.floats, old.floats), mask).contains { $1 && abs($0.0 - $0.1) > 1e-4 })
        plain.weights[name] = TensorData(
          shape: old.shape, floats: zip(old.floats, mask).map { value, stays in stays ? value : 0 })
      }
      #expect(Set(outcome.masks.keys) == ["conv2.weight", "fc1.weight"])
      for name in graph.weights.keys where outcome.masks[name] == nil {
        #expect(outcome.graph.weights[name] == graph.weights[name])
      }
      #expect(try module.exportedGraph() == graph)
      #expect(module.parameters.allSatisfy { $0.tensor.grad == nil })
      if criterion == .sparseGPT {
        let (updated, bare) = try (distance(outcome.graph, graph, seed: 3), distance(plain, graph, seed: 3))
        #expect(updated < 0.8 * bare, "\(updated) against \(bare)")
      }
    }

    @Test func consumersOfRemovedChannelsMakeUp() throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let plan = PruningPlan(
        criterion: .sparseGPT, scope: .local, sparsity: .uniform(0.35), layers: LayerSet(include: ["conv1"]), seed: 3)
      let calibration = Calibration(batches: 4, batchSize: 16)
      let outcome = try PruningStep.apply(plan, to: module, data: data(), calibration: calibration)
      let kept = try #require(outcome.keptUnits["conv1"])
      #expect(kept.count == 3)
      #expect(outcome.graph.weights["conv2.weight"]?.shape == [5, 3, 3, 3])
      let analysis = try PruningStep.analysis(of: graph, plan)
      let plain = try analysis.compacted(graph, keeping: outcome.keptUnits)
      #expect(plain.weights["conv1.weight"] == outcome.graph.weights["conv1.weight"])
      #expect(plain.weights["fc1.weight"] == outcome.graph.weights["fc1.weight"])
      #expect(plain.weights["conv2.weight"] != outcome.graph.weights["conv2.weight"])
      let (updated, bare) = try (distance(outcome.graph, graph, seed: 3), distance(plain, graph, seed: 3))
      #expect(updated < 0.9 * bare, "\(updated) against \(bare)")
      // What was cut is what the compensated network computes with these channels masked.
      let masked = try analysis.masked(#require(outcome.adjusted), keeping: outcome.keptUnits)
      #expect(try distance(masked, outcome.graph, seed: 3) < 1e-9)
    }

    @Test func plansWithoutUpdatesLeaveWeightsAlone() throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      #expect(WeightCompensation(.l1, module: module, data: nil, seed: 1) == nil)
      let compensation = try #require(WeightCompensation(.sparseGPT, module: module, data: data(), seed: 1))
      let all = Dictionary(
        uniqueKeysWithValues: try ChannelAnalysis(graph).groups.map { ($0.name, Array($0.units.indices)) })
      #expect(try compensation.updated(graph, groups: ChannelAnalysis(graph).groups, keeping: all) == graph)
    }
  }
}
