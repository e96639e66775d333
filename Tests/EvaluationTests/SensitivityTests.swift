import Evaluation
import Foundation
import Selection
import StudyModel
import Support
import TestSupport
import Testing

extension EvaluationTests {
  @Suite struct SensitivityTests {
    private func data(_ study: StudyFixture) throws -> StudyData {
      try StudyData(source: study.context.spec.data, split: SplitSpec(), input: InputNormalization())
    }

    /// An entry is what `prune` measures after cutting the one group alone.
    @Test(
      "A scan's entries are those of single cuts, for channels and for weights",
      arguments: [Granularity.channel, .element])
    func entries(granularity: Granularity) throws {
      let study = try StudyFixture()
      let dense = try study.checkpoint(study.context.network)
      let data = try data(study)
      let plan = PruningPlan(
        criterion: .l2, granularity: granularity, scope: .perGroup, sparsity: .uniform(0),
        recovery: Recovery(recalibrationBatches: 2, batchSize: 64), seed: 3)
      var shares: [Double] = []
      let scan = try SensitivityMeasurement(dense, plan: plan, data: data).run(plan, ratios: [0.25, 0.9]) {
        shares.append($0)
      }
      let groups = granularity == .channel ? ["conv1", "conv2", "fc1"] : ["conv1", "conv2", "fc1", "fc2"]
      #expect(scan.entries.map(\.group) == groups.flatMap { [$0, $0] })
      #expect(scan.entries.map(\.ratio) == groups.flatMap { _ in [0.25, 0.9] })
      #expect(shares == shares.sorted() && shares.last == 1)
      for entry in scan.entries {
        var single = plan
        single.sparsity = .perGroup([entry.group: entry.ratio])
        let cut = try NetworkPruning(dense, plan: single, data: data, epochs: 0, progress: { _, _ in })
        #expect(cut.after.accuracy?.share == entry.accuracy && cut.after.loss == entry.loss)
      }
      let worst = try #require(scan.entries.map(\.accuracy).min())
      let best = try #require(scan.entries.map(\.accuracy).max())
      #expect(worst < best)
    }

    @Test("A stored scan is not measured again; another question is")
    func cache() throws {
      let study = try StudyFixture()
      let dense = try study.checkpoint(study.context.network)
      let folder = try TemporaryFolder()
      let cache = try SensitivityCache(folder: folder.url)
      var plan = PruningPlan(criterion: .l1, sparsity: .uniform(0.3))
      func run(_ ratios: [Double], samples: Int? = 40) throws -> (SensitivityScan, measured: Bool) {
        var measured = false
        let scan = try SensitivityMeasurement(dense, plan: plan, data: data(study), cache: cache)
          .run(plan, ratios: ratios, samples: samples) { _ in measured = true }
        return (scan, measured)
      }
      let first = try run([0.5])
      #expect(first.measured)
      // The plan's own sparsity and schedule have no part in it.
      plan.sparsity = .uniform(0.9)
      plan.schedule = Schedule(.agp, steps: 3)
      let again = try run([0.5])
      #expect(!again.measured && again.0 == first.0)
      #expect(try run([0.6]).measured)
      #expect(try run([0.5], samples: nil).measured)
      plan.criterion = .l2
      #expect(try run([0.5]).measured)
      plan.criterion = .l1
      // What cannot be read is measured again.
      let stored = folder.file("sensitivity")
      for name in try FileManager.default.contentsOfDirectory(atPath: stored.path) {
        try Data("{".utf8).write(to: stored.appendingPathComponent(name))
      }
      let repaired = try run([0.5])
      #expect(repaired.measured && repaired.0 == first.0)
    }

    @Test("Patterns whose share nobody chooses have nothing to scan")
    func pattern() throws {
      let study = try StudyFixture()
      let plan = PruningPlan(criterion: .l1, granularity: .nOfM(kept: 2, of: 4), sparsity: .uniform(0.5))
      let error = #expect(throws: EvaluationError.self) {
        try SensitivityMeasurement(
          study.checkpoint(study.context.network), plan: plan, data: data(study)
        ).run(plan) { _ in }
      }
      #expect(error?.code == .badPlan)
    }

    @Test("What was measured of a scan that was broken off is not measured again")
    func brokenOff() throws {
      struct Break: Error {}
      let study = try StudyFixture()
      let dense = try study.checkpoint(study.context.network)
      let folder = try TemporaryFolder()
      let cache = try SensitivityCache(folder: folder.url)
      let plan = PruningPlan(criterion: .l1, sparsity: .uniform(0.3))
      let measurement = try SensitivityMeasurement(dense, plan: plan, data: data(study), cache: cache)
      #expect(throws: Break.self) {
        // The first of three groups is whole at a third.
        try measurement.run(plan, ratios: [0.5], samples: 40) { if $0 > 0.5 { throw Break() } }
      }
      var least = 1.0
      let rest = try measurement.run(plan, ratios: [0.5], samples: 40) { least = min(least, $0) }
      #expect(rest.entries.map(\.group) == ["conv1", "conv2", "fc1"] && least >= 1 / 3.0)
    }

    private func assignment(_ number: Int, _ plan: PruningPlan) -> Assignment {
      Assignment(
        lease: LeaseID(1), key: .scan(number), attempt: 1, plan: plan, fromEpochs: 0, toEpochs: 0,
        parentCheckpoint: nil, timeLimit: 600)
    }

    /// The result says what the first rung of a trial would that cuts the one group.
    @Test("A group of a study's scan is an evaluation, with the figures of the network without it")
    func ofAStudy() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      for granularity in [Granularity.channel, .element] {
        let plan = PruningPlan(
          criterion: .l1, granularity: granularity, scope: .perGroup, sparsity: .perGroup(["conv2": 0.5]),
          recovery: study.context.spec.fineTune.recovery, seed: study.context.spec.seed)
        var steps: [EvaluationStep] = []
        let result = try runner.run(assignment(3, plan)) { step, _ in if steps.last != step { steps.append(step) } }
        let trial = try runner.run(study.rung(0, of: plan))
        let entry = try #require(result.scan)
        #expect(entry.group == "conv2" && entry.ratio == 0.5)
        #expect(entry.accuracy == trial.measures.accuracy.share && entry.loss == trial.measures.loss)
        var measures = trial.measures
        measures.latency = nil
        // Without what only a checkpoint's file holds besides the network.
        measures.sizeBytes = result.measures.sizeBytes
        #expect(result.measures == measures && result.checkpoint == nil && result.fault == nil)
        #expect(steps == [.score, .recalibrate, .evaluate])
      }
      let error = #expect(throws: EvaluationError.self) {
        try runner.run(
          assignment(0, PruningPlan(criterion: .l1, scope: .perGroup, sparsity: .perGroup(["fc2": 0.5]))))
      }
      #expect(error?.message.contains("'fc2'") == true, "the last layer's outputs stay")
      #expect(throws: EvaluationError.self) { try runner.run(assignment(0, .dense(seed: 0))) }
    }

    /// Plans of every sparsity ask the same of each group, and a study's scan by the same criterion has answered it.
    @Test("Orders take their scan from the study's, and leave theirs there")
    func ofAnOrder() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let folder = URL(fileURLWithPath: study.context.artifactFolder).appendingPathComponent("sensitivity")
      func scans() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) }
      var scan = SensitivityScan()
      for (number, group) in ["conv1", "conv2", "fc1"].enumerated() {
        let plan = PruningPlan(
          criterion: .l1, scope: .perGroup, sparsity: .perGroup([group: 0.5]),
          recovery: study.context.spec.fineTune.recovery, seed: study.context.spec.seed)
        scan.entries.append(try #require(try runner.run(assignment(number, plan)).scan))
      }
      let first = try scans()
      #expect(first.count == 3, "a file for each group")
      var plan = PruningPlan(
        criterion: .l1, scope: .local, sparsity: .uniform(0.3), order: .leastSensitive,
        recovery: study.context.spec.fineTune.recovery, seed: study.context.spec.seed)
      let cut = try runner.run(study.rung(0, of: plan))
      #expect(try scans() == first)
      let execution = try PlanExecution(
        dense: study.checkpoint(study.context.network), denseDigest: study.context.network, data: nil)
      execution.sensitivityScan = scan
      var clock = StepClock()
      #expect(try execution.cut(plan, clock: &clock).counts == cut.keptUnits)

      plan.criterion = .l2
      _ = try runner.run(study.rung(0, of: plan))
      let both = try scans()
      #expect(both.count == 6 && both.isSuperset(of: first))
      plan.sparsity = .perGroup(["conv1": 0.7, "fc1": 0.2])
      plan.scope = .perGroup
      var other = try study.runner()
      _ = try other.run(study.rung(0, of: plan))
      #expect(try scans() == both)
      // The layers of a pattern have an order, too.
      plan = study.plan(.l1, .nOfM(kept: 2, of: 4))
      plan.order = .leastSensitive
      #expect(try other.run(study.rung(0, of: plan)).keptUnits["conv2.weight"] == [576, 1152])
      #expect(try scans().count == 6 + 4, "four layers with weights")
    }

    @Test("A network without anything of the granularity has nothing to scan")
    func nothing() throws {
      let study = try StudyFixture()
      let plan = PruningPlan(criterion: .l1, granularity: .head, sparsity: .uniform(0.5))
      let error = #expect(throws: SelectionError.self) {
        try SensitivityMeasurement(
          study.checkpoint(study.context.network), plan: plan, data: data(study)
        ).run(plan) { _ in }
      }
      #expect(error?.code == .nothingFound)
    }
  }
}
