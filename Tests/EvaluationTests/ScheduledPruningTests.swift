import ArtifactStore
import ChannelGroups
import Evaluation
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import Pruning
import StudyModel
import Support
import Testing
import Training

extension EvaluationTests {
  /// Plans that cut more than once, train before the last cut, or cut group by group.
  @Suite struct ScheduledPruningTests {
    private func plan(
      _ study: StudyFixture, _ schedule: Schedule, _ granularity: Granularity = .channel, sparsity: Double = 0.5,
      order: LayerOrder = .allAtOnce, sparseTraining: SparseTraining? = nil
    ) -> PruningPlan {
      var plan = study.plan(.l1, granularity, sparsity: sparsity)
      plan.schedule = schedule
      plan.order = order
      plan.sparseTraining = sparseTraining
      return plan
    }

    private func execution(_ study: StudyFixture, data: Bool = true) throws -> PlanExecution {
      let spec = study.context.spec
      return try PlanExecution(
        dense: study.checkpoint(study.context.network), denseDigest: study.context.network,
        data: data ? StudyData(source: spec.data, split: spec.split, input: spec.input) : nil)
    }

    private func run(
      _ execution: PlanExecution, _ plan: PruningPlan, to end: Double
    ) throws -> (weights: Graph, network: PrunedNetwork) {
      var clock = StepClock()
      let (module, network) = try ScheduledPruning(execution, plan: plan).run(to: end, clock: &clock) { _ in }
      return (try module.exportedGraph(), network)
    }

    @Test(
      "Shares of several cuts are of the original network, and nothing is cut to zero",
      arguments: [
        Schedule(.iterative, steps: 3, epochsPerStep: 0.1), Schedule(.agp, steps: 3, epochsPerStep: 0.1),
        Schedule(.fixedRate, steps: 9, epochsPerStep: 0.1, rate: 0.3),
      ])
    func ratiosAreOfTheOriginal(_ schedule: Schedule) throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      let half = try run(execution, plan(study, schedule), to: 0.5)
      #expect(half.network.counts == ["conv1": [4, 8], "conv2": [8, 16], "fc1": [12, 24]])
      #expect(half.weights.weights["fc1.weight"]?.shape == [12, 72])
      #expect(
        half.network.keptUnits.allSatisfy { name, kept in kept == kept.sorted() && Set(kept).count == kept.count })
      let all = try run(execution, plan(study, schedule, sparsity: 0.99), to: 1)
      #expect(all.network.counts == ["conv1": [1, 8], "conv2": [1, 16], "fc1": [1, 24]])
      var global = plan(study, schedule)
      global.scope = .global
      let ranked = try run(execution, global, to: 0.5)
      #expect(ranked.network.counts.values.reduce(0) { $0 + $1[0] } == 24)
    }

    @Test("The first trained rung goes through the schedule, later ones go on, and the plan alone makes it all again")
    func rungs() throws {
      let study = try StudyFixture()
      let plan = plan(study, Schedule(.iterative, steps: 2, epochsPerStep: 0.25))
      var runner = try study.runner()
      let zero = try runner.run(study.rung(0, of: plan))
      var oneShot = plan
      oneShot.schedule = .oneShot
      let shown = try runner.run(study.rung(0, of: oneShot))
      #expect(zero.measures.loss == shown.measures.loss)

      var shares: [Double] = []
      let first = study.rung(1, of: plan, from: 0, to: 0.5, parent: zero.checkpoint)
      let one = try runner.run(first) { step, share in if step == .fineTune { shares.append(share) } }
      #expect(shares == shares.sorted() && shares.last == 1)
      #expect(one.keptUnits == ["conv1": [4, 8], "conv2": [8, 16], "fc1": [12, 24]])
      let (parent, child) = (try #require(zero.checkpoint), try #require(one.checkpoint))
      let metadata = try #require(CheckpointMetadata(of: try study.checkpoint(child)))
      let before = try #require(CheckpointMetadata(of: try study.checkpoint(parent)))
      #expect(metadata.plan == plan && metadata.epochs == 0.5)
      #expect(metadata.kept != before.kept, "the second cut sees a trained network and keeps other channels")
      let two = try runner.run(study.rung(2, of: plan, from: 0.5, to: 1, parent: one.checkpoint))
      #expect(two.measures.parameters == one.measures.parameters)

      var other = try study.runner()
      #expect(try other.run(first).reproducible == one.reproducible)
      let rebuilt = try PlanReplay(execution(study)).network(of: plan, rungs: [0, 0.5, 1])
      #expect(try rebuilt.weights == study.checkpoint(#require(two.checkpoint)).weights)

      // The parent's papers are looked at all the same.
      let strange = study.rung(1, of: plan, from: 0, to: 0.5, parent: shown.checkpoint)
      #expect(throws: EvaluationError.self) { try runner.run(strange) }
    }

    @Test("A schedule longer than its rung is refused with both lengths")
    func tooLong() throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      let schedules = [
        Schedule(.iterative, steps: 3, epochsPerStep: 0.5), Schedule(.dynamicRate, steps: 2, epochsPerStep: 0.5),
        Schedule(.iterative, steps: 2, epochsPerStep: 0.5, rewind: 0),
      ]
      for schedule in schedules {
        let error = #expect(throws: EvaluationError.self) { try run(execution, plan(study, schedule), to: 0.75) }
        #expect(error?.code == .badPlan && error?.message.contains("0.75") == true)
      }
      let dry = try self.execution(study, data: false)
      #expect(throws: EvaluationError.self) {
        try run(dry, plan(study, Schedule(.agp, steps: 2, epochsPerStep: 0.1)), to: 1)
      }
      // Cuts without training in between need no epochs at all.
      let cut = try run(dry, plan(study, Schedule(.agp, steps: 4)), to: 0)
      #expect(cut.network.counts == ["conv1": [4, 8], "conv2": [8, 16], "fc1": [12, 24]])
    }

    @Test("Rewound weights are the original's where they stay", arguments: [Granularity.channel, .element])
    func rewinding(_ granularity: Granularity) throws {
      // Untrained, so that a quarter of an epoch moves the weights far.
      let study = try StudyFixture(network: StudyFixture.network())
      let execution = try execution(study)
      let schedule = Schedule(.iterative, steps: 2, epochsPerStep: 0.25, rewind: 0)
      // All epochs are used up before the last cut, so that what it went back to is what is left, means that a cut would put
      // into biases included.
      var plan = plan(study, schedule, granularity)
      plan.replacement = .mean
      let (weights, network) = try run(execution, plan, to: 0.5)
      let expected: [String: TensorData]
      if granularity == .channel {
        expected = try execution.analysis(.channel).compacted(
          weights: execution.dense.weights, keeping: network.keptUnits)
      } else {
        expected = execution.dense.weights.reduce(into: [:]) { result, entry in
          result[entry.key] =
            network.masks[entry.key].map { mask in
              TensorData(shape: entry.value.shape, floats: zip(entry.value.floats, mask).map { $1 ? $0 : 0 })
            } ?? entry.value
        }
      }
      for (name, values) in weights.weights where !name.contains("running_") {
        #expect(values == expected[name], "\(name)")
      }
      var clock = StepClock()
      plan.schedule = .oneShot
      let kept = try execution.cut(plan, clock: &clock)
      #expect(try network.keptDigest != kept.keptDigest, "what stays was chosen after training")
    }

    @Test("Masks hold while later cuts add to them, exactly as many as asked")
    func masks() throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      let (weights, network) = try run(
        execution, plan(study, Schedule(.agp, steps: 3, epochsPerStep: 0.2), .element, sparsity: 0.75), to: 0.6)
      for (name, mask) in network.masks {
        let values = try #require(weights.weights[name]).floats
        #expect(mask.count { !$0 } * 4 == mask.count * 3, "\(name)")
        #expect(zip(values, mask).allSatisfy { $1 || $0 == 0 }, "\(name)")
      }
      #expect(Set(network.masks.keys) == ["conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"])
    }

    @Test(
      "Schedules that look at the score end within their tolerance", arguments: [Schedule.Kind.dynamicRate, .history])
    func tolerance(_ kind: Schedule.Kind) throws {
      let study = try StudyFixture()
      let spec = study.context.spec
      let data = try StudyData(source: spec.data, split: spec.split, input: spec.input)
      let dense = try study.checkpoint(study.context.network)
      // Cuts without training, as far as the tolerance lets them.
      let strict = plan(
        study, Schedule(kind, steps: 8, rate: 0.25, tolerance: 0.05), sparsity: 0.97)
      let pruned = try NetworkPruning(dense, plan: strict, data: data, epochs: 0, progress: { _, _ in })
      let (before, after) = (try #require(pruned.before.accuracy), try #require(pruned.after.accuracy))
      #expect(after.share >= before.share - 0.05 - 1e-9, "\(after.share) of \(before.share)")
      let kept = pruned.groups.reduce(0) { $0 + $1.kept }
      #expect(kept < 48 && kept > 3, "\(kept) of 48 units")
      let again = try NetworkPruning(dense, plan: strict, data: data, epochs: 0, progress: { _, _ in })
      #expect(again.network == pruned.network)
      // Whatever happens is within a tolerance of one: all the way.
      let easy = plan(study, Schedule(kind, steps: 20, rate: 0.25, tolerance: 1), sparsity: 0.5)
      let half = try NetworkPruning(dense, plan: easy, data: data, epochs: 0, progress: { _, _ in })
      #expect(half.groups.map(\.kept) == [4, 8, 12])
    }

    @Test("Every order cuts to the plan's shares, group after group or step by step", arguments: LayerOrder.allCases)
    func orders(_ order: LayerOrder) throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      let counts = ["conv1": [4, 8], "conv2": [8, 16], "fc1": [order == .shallowOnly ? 24 : 12, 24]]
      var clock = StepClock()
      let once = try execution.cut(plan(study, .oneShot, order: order), clock: &clock)
      #expect(once.counts == counts)
      let steps = try run(
        execution, plan(study, Schedule(.iterative, steps: 3, epochsPerStep: 0.1), order: order), to: 0.3)
      #expect(steps.network.counts == counts)
      let elements = try execution.cut(plan(study, .oneShot, .element, order: order), clock: &clock)
      #expect(elements.counts["conv2.weight"] == [576, 1152])
      #expect(elements.counts["fc2.weight"] == [order == .shallowOnly ? 96 : 48, 96])
    }

    @Test("Top-down scores see what is cut already; the order of a given scan is kept")
    func ordersMatter() throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      var clock = StepClock()
      let up = try execution.cut(plan(study, .oneShot, order: .bottomUp), clock: &clock)
      let all = try execution.cut(plan(study, .oneShot), clock: &clock)
      // Filters' norms fall with the channels that they read: the first layer's do not change, others' may.
      #expect(up.keptUnits["conv1"] == all.keptUnits["conv1"])
      #expect(try up.keptDigest != all.keptDigest)
      execution.sensitivityScan = SensitivityScan(
        entries: ["fc1", "conv2", "conv1"].enumerated().map {
          .init(group: $1, ratio: 0.5, accuracy: 0.9 - 0.1 * Double($0), loss: 1)
        })
      let least = try execution.cut(plan(study, .oneShot, order: .leastSensitive), clock: &clock)
      let down = try execution.cut(plan(study, .oneShot, order: .topDown), clock: &clock)
      #expect(least.keptUnits == down.keptUnits)
    }

    @Test("Sparse training before the cut, by every penalty", arguments: SparseTraining.Penalty.allCases)
    func sparseTraining(_ penalty: SparseTraining.Penalty) throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      let training = SparseTraining(penalty, update: .proximal, strength: 0.01, epochs: 0.5)
      let plan = plan(study, .oneShot, sparseTraining: training)
      #expect(plan.trainsBeforeLastCut)
      let first = try run(execution, plan, to: 0.5)
      #expect(first.network.counts == ["conv1": [4, 8], "conv2": [8, 16], "fc1": [12, 24]])
      let again = try run(execution, plan, to: 0.5)
      #expect(first.weights.weights == again.weights.weights)
      var free = plan
      free.sparseTraining?.strength = 0
      #expect(try run(execution, free, to: 0.5).weights.weights != first.weights.weights)
    }

    @Test("Between cuts in order, scores on data see statistics that are measured anew")
    func freshStatistics() throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      var plan = plan(study, .oneShot, order: .bottomUp)
      plan.criterion = .meanActivation
      var clock = StepClock()
      let found = try execution.cut(plan, clock: &clock).keptUnits

      let source = try samples(study)
      func byHand(recalibrating: Bool) throws -> [String: [Int]] {
        var graph = execution.dense
        var kept: [String: [Int]] = [:]
        for name in ["conv1", "conv2", "fc1"] {
          let module = try GraphModule(graph)
          if recalibrating, !kept.isEmpty {
            try Recalibration.run(
              module, on: source, batches: plan.recovery.recalibrationBatches, batchSize: 128,
              seed: SeededGenerator.derivedSeed(plan.seed, stream: "recalibrate"))
          }
          let analysis = try ChannelAnalysis(graph)
          let scores = try #require(
            ImportanceScoring.channelScores(
              .meanActivation, groups: analysis.groups, module: module, data: source,
              seed: SeededGenerator.derivedSeed(plan.seed, stream: "score"))[name])
          let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
          let stays = order.dropFirst(order.count / 2).sorted()
          graph = try analysis.compacted(module.exportedGraph(), keeping: [name: stays])
          kept[name] = stays
        }
        return kept
      }
      let fresh = try byHand(recalibrating: true)
      #expect(found == fresh)
      #expect(try byHand(recalibrating: false) != fresh, "stale statistics rank these units otherwise")
    }

    @Test("Momentum goes on through a cut, with what stays of it")
    func momentum() throws {
      let study = try StudyFixture()
      let execution = try execution(study)
      let plan = plan(study, Schedule(.iterative, steps: 2, epochsPerStep: 0.25))
      let found = try run(execution, plan, to: 0.5).weights.weights

      let source = try samples(study)
      func trained(
        _ graph: Graph, from start: Double, _ velocities: [String: TensorData]
      ) throws -> (graph: Graph, velocities: [String: TensorData]) {
        let module = try GraphModule(graph)
        let optimizer = try MomentumSGD(
          module, momentum: plan.recovery.momentum, weightDecay: plan.recovery.weightDecay, velocities: velocities)
        try FineTuning.run(
          module, on: source, recovery: plan.recovery, epochs: 0.25, from: start,
          seed: SeededGenerator.derivedSeed(plan.seed, stream: "fine-tune"), optimizer: optimizer)
        return (try module.exportedGraph(), try optimizer.velocitiesByName())
      }
      /// The filters of smallest L1 norm leave.
      func cut(
        _ graph: Graph, to widths: [String: Int], _ velocities: [String: TensorData]
      ) throws -> (graph: Graph, velocities: [String: TensorData]) {
        let analysis = try ChannelAnalysis(graph)
        let scores = try ImportanceScoring.channelScores(
          .l1, groups: analysis.groups, module: GraphModule(graph), data: nil, seed: 0)
        let keeping = try widths.reduce(into: [String: [Int]]()) { keeping, entry in
          let values = try #require(scores[entry.key])
          keeping[entry.key] = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }.suffix(entry.value)
            .sorted()
        }
        let module = try GraphModule(analysis.compacted(graph, keeping: keeping))
        try Recalibration.run(
          module, on: source, batches: plan.recovery.recalibrationBatches, batchSize: 128,
          seed: SeededGenerator.derivedSeed(plan.seed, stream: "recalibrate"))
        return (try module.exportedGraph(), try analysis.compacted(weights: velocities, keeping: keeping))
      }
      let once = try cut(execution.dense, to: ["conv1": 6, "conv2": 12, "fc1": 18], [:])
      let between = try trained(once.graph, from: 0, [:])
      let twice = try cut(between.graph, to: ["conv1": 4, "conv2": 8, "fc1": 12], between.velocities)
      #expect(try trained(twice.graph, from: 0.25, twice.velocities).graph.weights == found)
      #expect(try trained(twice.graph, from: 0.25, [:]).graph.weights != found)
    }

    private func samples(_ study: StudyFixture) throws -> BatchSource {
      let spec = study.context.spec
      return try StudyData(source: spec.data, split: spec.split, input: spec.input).batches(.training)
    }
  }
}
