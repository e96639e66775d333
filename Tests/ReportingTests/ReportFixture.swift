import Foundation
import Reporting
import StudyModel
import Support

/// A small finished study with everything that a report can show.
enum ReportFixture {
  static func measures(_ correct: Int, parameters: Int, latency: Double) -> Measures {
    Measures(
      accuracy: Proportion(successes: correct, total: 1000), loss: 0.25, parameters: parameters,
      nonzeroParameters: parameters, macs: parameters * 10, sizeBytes: parameters * 4,
      latency: Latency(
        seconds: latency, denseSeconds: 0.002, ratio: latency / 0.002, ratioLow: latency / 0.0021,
        ratioHigh: latency / 0.0019, repetitions: 50, batch: 1, threads: 1, runtime: "libtorch", deviceClass: "Test CPU"
      ))
  }

  static func plan(_ criterion: Criterion, _ share: Double) -> PruningPlan {
    PruningPlan(criterion: criterion, scope: .perGroup, sparsity: .perGroup(["conv1": share, "conv2": 0.5]), seed: 7)
  }

  static func record(
    _ trial: Int64, _ rung: Int, _ plan: PruningPlan, _ measures: Measures, at seconds: Double,
    purpose: EvaluationKey.Purpose = .trial
  ) -> EvaluationRecord {
    EvaluationRecord(
      key: EvaluationKey(trial: TrialID(trial), rung: rung, purpose: purpose), plan: plan, status: .done, attempts: 1,
      result: EvaluationResult(
        measures: measures, checkpoint: Digest(of: Data("\(trial)/\(rung)".utf8)),
        timings: ["prune": 0.5, "evaluate": 1],
        keptUnits: purpose == .trial ? ["conv1": [12, 16], "conv10": [8, 16], "conv2": [16, 32]] : [:]),
      worker: "host-\(trial % 2)", finishedAt: seconds)
  }

  static var records: [EvaluationRecord] {
    let plans = [plan(.l1, 0.25), plan(.taylor, 0.75), plan(.fpgm, 0.9)]
    var failed = EvaluationRecord(
      key: EvaluationKey(trial: TrialID(4), rung: 0), plan: plan(.random, 0.1), status: .quarantined, attempts: 3)
    failed.failure = EvaluationFailure(
      failureClass: .resource, message: "killed by signal 9 <script>alert(\"1\")</script>", signal: 9,
      logTail: "line & <b>line</b>\u{1B}[31m")
    failed.worker = "host-0"
    return [
      record(0, 0, .dense(seed: 7), measures(900, parameters: 100_000, latency: 0.002), at: 0, purpose: .baseline),
      record(1, 0, plans[0], measures(700, parameters: 60_000, latency: 0.0015), at: 3),
      record(2, 0, plans[1], measures(600, parameters: 20_000, latency: 0.001), at: 5),
      record(3, 0, plans[2], measures(500, parameters: 10_000, latency: 0.0008), at: 4),
      record(1, 1, plans[0], measures(890, parameters: 60_000, latency: 0.0015), at: 9.5),
      record(2, 1, plans[1], measures(880, parameters: 20_000, latency: 0.001), at: 12),
      failed,
    ]
  }

  /// Groups of a sensitivity scan, the last one given up.
  static var scans: [EvaluationRecord] {
    let groups = [("conv1", 400), ("conv2", 800)].enumerated().map { number, group in
      var record = record(
        0, number, .dense(seed: 7), measures(group.1, parameters: 90_000, latency: 0.002), at: 1, purpose: .scan)
      record.result?.measures.latency = nil
      record.result?.scan = .init(group: group.0, ratio: 0.5, accuracy: Double(group.1) / 1000, loss: 1)
      return record
    }
    return groups + [EvaluationRecord(key: .scan(2), plan: .dense(seed: 7), status: .quarantined, attempts: 3)]
  }

  static func report(
    records: [EvaluationRecord] = records, sealed: Bool = false, granularities: [Granularity] = [.channel],
    constraints: [Constraint] = [], networks: Bool = false, study: String = "fashion <& \"night\">"
  ) -> StudyReport {
    let spec = StudySpec(
      study: study, network: .file(path: "base.onnx"), data: DataSource(format: "fashion-mnist"),
      objectives: [.accuracy, .parameters, .latency], space: SearchSpace(granularities: granularities),
      fineTune: FineTuneSpec(rungs: [0, 1]), constraints: constraints, budget: Budget(trials: 4),
      seed: 7)
    var records = records
    if sealed {
      records.append(
        record(1, 1, plan(.l1, 0.25), measures(885, parameters: 60_000, latency: 0.0015), at: 20, purpose: .sealedTest))
      records.append(
        record(
          2, 1, plan(.taylor, 0.75), measures(870, parameters: 20_000, latency: 0.001), at: 21, purpose: .sealedTest))
    }
    return StudyReport(
      spec: spec, records: records, elapsed: 15, outcome: "trials-are-done",
      reproduction: "coppice search 'a & b.yaml' --output x", facts: [("processor", "Test CPU"), ("cores", "2")],
      networks: networks
        ? Dictionary(
          uniqueKeysWithValues: [Int64(1), 2].map { trial in
            let key = EvaluationKey(trial: TrialID(trial), rung: 1)
            return (key, "trial-000\(trial)-rung-1.onnx")
          }) : [:])
  }
}
