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

    @Test("A study's scan has every group that its space lets be pruned, and comes from the cache the second time")
    func ofAStudy() throws {
      let study = try StudyFixture()
      var context = study.context
      context.spec.space.layers.exclude = ["conv1"]
      context.spec.space.granularities = [.channel, .element]
      let runner = try EvaluationRunner(context: context, threads: 1)
      let scan = try runner.sensitivity { _ in }
      #expect(scan.entries.map(\.group) == ["conv2", "fc1", "conv2", "fc1", "fc2"])
      #expect(scan.entries.allSatisfy { $0.ratio == 0.5 })
      var measured = false
      #expect(try runner.sensitivity { _ in measured = true } == scan)
      #expect(!measured)
    }

    /// Plans of every sparsity ask the same of each group, and a study's scan by the same criterion has answered it.
    @Test("Orders take their scan from the study's, and leave theirs there")
    func ofAnOrder() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let folder = URL(fileURLWithPath: study.context.artifactFolder).appendingPathComponent("sensitivity")
      func scans() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) }
      let scan = try runner.sensitivity { _ in }
      let first = try scans()
      #expect(first.count == 1)
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
      #expect(both.count == 2 && both.isSuperset(of: first))
      plan.sparsity = .perGroup(["conv1": 0.7, "fc1": 0.2])
      plan.scope = .perGroup
      var other = try study.runner()
      _ = try other.run(study.rung(0, of: plan))
      #expect(try scans() == both)
      // The layers of a pattern have an order, too.
      plan = study.plan(.l1, .nOfM(kept: 2, of: 4))
      plan.order = .leastSensitive
      #expect(try other.run(study.rung(0, of: plan)).keptUnits["conv2.weight"] == [576, 1152])
      #expect(try scans().count == 3)
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
