import Evaluation
import Foundation
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import Testing
import Training

extension EvaluationTests {
  /// No step of an evaluation is silent for longer than a batch takes, and each ends where its reports throw. Work is counted in
  /// calls of libtorch, so that no clock has a part in it.
  @Suite struct ProgressTests {
    private struct Stop: Error {}

    private final class Meter {
      private(set) var reports: [(step: EvaluationStep, share: Double)] = []
      private(set) var longest: (calls: UInt64, before: String) = (0, "")
      private var last = TorchRuntime.callCount
      private let stop: Int?

      init(stopAt stop: Int? = nil) { self.stop = stop }

      func report(_ step: EvaluationStep, _ share: Double) throws {
        let calls = TorchRuntime.callCount - last
        if calls > longest.calls { longest = (calls, step.rawValue) }
        last = TorchRuntime.callCount
        reports.append((step, share))
        if reports.count == stop { throw Stop() }
      }
    }

    /// What one step of training calls, data and optimiser included.
    private func callsOfOneStep(_ execution: PlanExecution, _ data: StudyData) throws -> UInt64 {
      let module = try GraphModule(execution.dense)
      var (last, most): (UInt64, UInt64) = (0, 0)
      last = TorchRuntime.callCount
      try FineTuning.run(
        module, on: data.batches(.training), recovery: Recovery(learningRate: 0.01, batchSize: 32), epochs: 0.2, seed: 1
      ) { _, _ in
        most = max(most, TorchRuntime.callCount - last)
        last = TorchRuntime.callCount
      }
      return most
    }

    private func prepared(_ study: StudyFixture, scoreBytes: Int = 1 << 20) throws -> (PlanExecution, StudyData) {
      let spec = study.context.spec
      let data = try StudyData(source: spec.data, split: spec.split, input: spec.input)
      let execution = try PlanExecution(
        dense: study.checkpoint(study.context.network), denseDigest: study.context.network, data: data,
        scoreBytes: scoreBytes)
      return (execution, data)
    }

    /// A convolution without a normalisation.
    private static func bare() throws -> Graph {
      var builder = GraphBuilder("bare", seed: 1)
      let size = StudyFixture.size
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(size), .fixed(size)])
      x = builder.relu("relu", builder.convolution("conv", x, inputs: 1, outputs: 4, kernel: 3, padding: 1, bias: true))
      x = builder.linear(
        "fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 4 * size * size, outputs: StudyFixture.classes)
      return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(StudyFixture.classes)])
    }

    private func expectSteady(
      _ name: String, _ study: StudyFixture, _ plan: PruningPlan, epochs: Double = 0, stops: Int = 3
    ) throws {
      /// Without any cache, so that every run does everything.
      func run(_ meter: Meter) throws {
        let (execution, _) = try prepared(study, scoreBytes: 0)
        var clock = StepClock()
        if plan.trainsBeforeLastCut {
          _ = try ScheduledPruning(execution, plan: plan).run(to: epochs, clock: &clock) {
            try meter.report(.fineTune, $0)
          }
        } else {
          let pruned = try execution.cut(plan, clock: &clock, progress: meter.report)
          let module = try GraphModule(pruned.graph)
          try execution.recalibrate(
            module, plan: plan, clock: &clock, progress: WorkProgress { try meter.report(.recalibrate, $0) })
        }
      }
      let (execution, data) = try prepared(study)
      let bound = try callsOfOneStep(execution, data)
      let meter = Meter()
      try run(meter)
      // Two batches: some criteria go there and back twice for each of theirs.
      #expect(
        meter.longest.calls <= 2 * bound, "\(name): \(meter.longest) calls without a report; a batch takes \(bound)")
      for step in EvaluationStep.allCases {
        let shares = meter.reports.filter { $0.step == step }.map(\.share)
        #expect(zip(shares, shares.dropFirst()).allSatisfy { $0 <= $1 }, "\(name), \(step.rawValue): \(shares)")
      }
      let count = meter.reports.count
      for stop in [count / 2, 1, count].prefix(stops) where stop > 0 {
        let stopping = Meter(stopAt: stop)
        #expect(throws: Stop.self, "\(name), report \(stop) of \(count)") { try run(stopping) }
        #expect(stopping.reports.count == stop, "\(name) went on after report \(stop) of \(count)")
      }
    }

    @Test("Every criterion, at channels and at elements, reports while it scores, cuts and makes up for what left")
    func criteria() throws {
      let study = try StudyFixture()
      for criterion in Criterion.allCases {
        for granularity in [Granularity.channel, .element] where criterion.judges(granularity) {
          try expectSteady(
            "\(criterion.rawValue), \(granularity.rawValue)", study, study.plan(criterion, granularity), stops: 1)
        }
      }
    }

    @Test("Redundant units, cuts in an order, the scan that an order needs, and every schedule report throughout")
    func plans() throws {
      let study = try StudyFixture()
      var redundant = study.plan(.l1)
      redundant.removesRedundant = true
      try expectSteady("redundant units", study, redundant)
      for order in LayerOrder.allCases {
        var plan = study.plan(.taylor)
        plan.order = order
        try expectSteady("order \(order.rawValue)", study, plan)
      }
      for kind in Schedule.Kind.allCases where kind != .oneShot {
        for criterion in [Criterion.taylor, .sparseGPT] {
          var plan = study.plan(criterion)
          plan.schedule = Schedule(kind, steps: 2, epochsPerStep: 0.1, rate: 0.3)
          try expectSteady("schedule \(kind.rawValue), \(criterion.rawValue)", study, plan, epochs: 0.5)
        }
      }
    }

    @Test("Baseline, rungs and the sealed test name their steps, and latency and export report too")
    func evaluations() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let (execution, data) = try prepared(study)
      let bound = try callsOfOneStep(execution, data)
      func steps(_ assignment: Assignment) throws -> (names: [EvaluationStep], result: EvaluationResult, Meter) {
        let meter = Meter()
        let result = try runner.run(assignment, progress: meter.report)
        var names: [EvaluationStep] = []
        for report in meter.reports where names.last != report.step { names.append(report.step) }
        #expect(meter.longest.calls <= 4 * bound, "\(meter.longest)")
        return (names, result, meter)
      }
      let baseline = try steps(study.baseline)
      #expect(baseline.names == [.evaluate, .latency, .export])
      #expect(baseline.2.reports.count { $0.step == .latency } > 30, "one for each pair of passes")
      let first = try steps(study.rung(0, of: study.plan(.taylor)))
      #expect(first.names == [.score, .prune, .recalibrate, .evaluate, .latency, .export])
      let second = try steps(
        study.rung(1, of: study.plan(.taylor), from: 0, to: 1, parent: first.result.checkpoint))
      #expect(second.names == [.load, .fineTune, .evaluate, .latency, .export])
      let sealed = try steps(study.sealedTest(of: first.result.checkpoint))
      #expect(sealed.names == [.load, .evaluate])
    }

    @Test("Loading a study reports, the statistics of inserted normalisations included")
    func loading() throws {
      let study = try StudyFixture(network: Self.bare())
      var context = study.context
      context.spec.network.batchNormalization = .insert
      for stop in [1, 3, 20] {
        var reports = 0
        #expect(throws: Stop.self) {
          try EvaluationRunner(
            context: context, threads: 1,
            progress: WorkProgress { _ in
              reports += 1
              if reports == stop { throw Stop() }
            })
        }
        #expect(reports == stop)
      }
    }

    @Test("Scores stay in memory up to a limit, the latest used")
    func residentScores() throws {
      let study = try StudyFixture()
      let dense = try study.checkpoint(study.context.network)
      let bytes = dense.prunableWeights().reduce(0) { $0 + $1.weight.utf8.count + 4 * $1.count + 64 }
      func scored(_ execution: PlanExecution, _ criterion: Criterion) throws -> Bool {
        var (clock, reports) = (StepClock(), 0)
        _ = try execution.cut(study.plan(criterion, .element), clock: &clock) { step, _ in
          if step == .score { reports += 1 }
        }
        return reports > 0
      }
      let (two, _) = try prepared(study, scoreBytes: 2 * bytes)
      #expect(try scored(two, .l1) && scored(two, .l2))
      #expect(try !scored(two, .l1) && !scored(two, .l2))
      #expect(try scored(two, .linf), "a third one")
      #expect(try !scored(two, .l2))
      #expect(try scored(two, .l1), "was not used for longest")
      let (none, _) = try prepared(study, scoreBytes: bytes - 1)
      #expect(try scored(none, .l1) && scored(none, .l1))
    }
  }
}
