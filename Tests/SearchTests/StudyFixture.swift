import Foundation
import Search
import StudyModel
import Support

/// Studies and records whose measures follow a formula, so that a search can be run in microseconds.
enum StudyFixture {
  static let groups = [
    GroupSummary(name: "conv1", units: 32), GroupSummary(name: "conv2", units: 64),
    GroupSummary(name: "conv3", units: 128),
  ]

  /// The samplers that draw plans from any space; those of sweeps have spaces of their own.
  static let drawing = SamplerKind.allCases.filter { !$0.isSweep }

  static func spec(
    objectives: [Objective] = [.accuracy, .parameters, .latency], space: SearchSpace = SearchSpace(),
    rungs: [Double] = [0, 1, 3], sampler: SamplerKind = .nsga2, constraints: [Constraint] = [],
    budget: Budget = Budget(trials: 60), seed: UInt64 = 7
  ) -> StudySpec {
    StudySpec(
      study: "test", network: .file(path: "n.onnx"), data: DataSource(format: "fashion-mnist"), objectives: objectives,
      space: space, fineTune: FineTuneSpec(rungs: rungs), sampler: sampler, constraints: constraints, budget: budget,
      seed: seed)
  }

  static func measures(accuracy: Double, parameters: Double = 1, latency: Double = 1) -> Measures {
    Measures(
      accuracy: Proportion(successes: Int((accuracy * 10_000).rounded()), total: 10_000), loss: 0.3,
      parameters: Int((parameters * 100_000).rounded()), nonzeroParameters: Int((parameters * 100_000).rounded()),
      macs: Int((parameters * 2_000_000).rounded()), sizeBytes: Int((parameters * 400_000).rounded()),
      latency: Latency(
        seconds: latency * 0.002, denseSeconds: 0.002, ratio: latency, ratioLow: latency, ratioHigh: latency,
        repetitions: 10, batch: 1, threads: 1, runtime: "libtorch", deviceClass: "test"))
  }

  static let dense = measures(accuracy: 0.92)

  static let baseline = EvaluationRecord(
    key: .baseline, plan: .dense(seed: 7), status: .done, attempts: 1,
    result: EvaluationResult(measures: dense, checkpoint: nil), worker: "w0", finishedAt: 0)

  static func record(
    _ trial: Int64, rung: Int, plan: PruningPlan? = nil, status: EvaluationStatus = .done, measures: Measures? = nil,
    at seconds: Double? = nil
  ) -> EvaluationRecord {
    EvaluationRecord(
      key: EvaluationKey(trial: TrialID(trial), rung: rung),
      plan: plan ?? PruningPlan(criterion: .l1, sparsity: .uniform(Double(trial) / 1000), seed: 7), status: status,
      attempts: 1, result: measures.map { EvaluationResult(measures: $0, checkpoint: nil) }, worker: "w1",
      finishedAt: seconds ?? (status == .done ? Double(trial) + Double(rung) / 10 : nil))
  }

  /// What pruning does in this world: later groups hold more parameters and hurt less, one criterion is best, and
  /// training wins back most of the loss.
  static func outcome(_ plan: PruningPlan, rung: Int) -> Measures {
    let shares: [Double] =
      switch plan.sparsity {
      case .uniform(let share): [share, share, share]
      case .perGroup(let byName): groups.map { byName[$0.name] ?? 0 }
      case .threshold: [0, 0, 0]
      }
    let weights = [0.05, 0.25, 0.7]
    let sensitivity = [1.0, 0.5, 0.15]
    let penalty = plan.criterion == .taylor ? 0.8 : 1.0
    let parameters = zip(weights, shares).reduce(0) { $0 + $1.0 * (1 - $1.1) * (1 - $1.1) }
    let loss = zip(sensitivity, shares).reduce(0) { $0 + $1.0 * pow($1.1, 3) } * penalty
    let recovery = [1.0, 0.35, 0.25][min(rung, 2)]
    let accuracy = max(0.1, 0.92 - loss * recovery)
    let latency = 0.2 + 0.8 * zip([0.4, 0.4, 0.2], shares).reduce(0) { $0 + $1.0 * (1 - $1.1) }
    return measures(accuracy: accuracy, parameters: parameters, latency: latency)
  }
}
