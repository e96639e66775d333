import Coordination
import Foundation
import StudyModel
import StudyStore
import Support

/// A study without networks: plans are numbers, and a plan's accuracy is a fixed function of it.
enum ToyStudy {
  static let rungs: [Double] = [0, 1, 3]

  static func context(
    trials: Int? = nil, seconds: Double? = nil, expected: Double? = nil, disk: Int? = nil
  ) -> StudyContext {
    StudyContext(
      spec: StudySpec(
        study: "toy", network: .builtin(name: "toy", weights: nil), data: DataSource(format: "toy"),
        expectedAccuracy: expected, objectives: [.accuracy, .parameters], fineTune: FineTuneSpec(rungs: rungs),
        budget: Budget(seconds: seconds, trials: trials), diskLimit: disk, seed: 7),
      network: Digest(of: Data("network".utf8)), artifactFolder: "/nowhere")
  }

  /// A grid of three criteria and three shares, or the same nine plans as a list in the order of the grid.
  static func sweep(_ sampler: SamplerKind, budget: Budget = Budget()) -> StudySpec {
    let shares = [0.3, 0.5, 0.7]
    let criteria = [Criterion.l1, .l2, .taylor]
    var spec = context().spec
    spec.sampler = sampler
    spec.budget = budget
    spec.space = SearchSpace(criteria: criteria, scope: .local).withShares(shares)
    if sampler == .list {
      spec.plans = criteria.flatMap { criterion in
        shares.map { SearchSpace(criteria: [criterion], scope: .local).withShares([$0]) }
      }
    }
    return spec
  }

  static func plan(_ number: Int) -> PruningPlan {
    PruningPlan(criterion: .l1, sparsity: .uniform(Double(number) / 1000), seed: UInt64(number))
  }

  static func scan(_ number: Int) -> PruningPlan {
    PruningPlan(criterion: .l1, scope: .perGroup, sparsity: .perGroup(["group-\(number)": 0.5]), seed: 7)
  }

  /// What any worker finds for an assignment: it depends on the evaluation alone, not on the attempt.
  static func result(_ assignment: Assignment) -> EvaluationResult {
    let key = assignment.key
    let successes =
      key.trial.value == 0 ? 9000 : 5000 + Int(key.trial.value * 7919 % 1000) * (key.rung + 1) + key.rung * 500
    let parameters = key.trial.value == 0 ? 10_000 : 1000 + Int(key.trial.value * 104_729 % 5000)
    let scan = SensitivityScan.Entry(
      group: "group-\(key.rung)", ratio: 0.5, accuracy: Double(successes) / 10_000, loss: 1 - Double(successes) / 10_000
    )
    let name = "\(key.trial) \(key.rung) from \(assignment.parentCheckpoint?.short ?? "dense")"
    return EvaluationResult(
      measures: Measures(
        accuracy: Proportion(successes: successes, total: 10_000), loss: 1 - Double(successes) / 10_000,
        parameters: parameters, nonzeroParameters: parameters, macs: parameters * 10, sizeBytes: parameters * 4,
        latency: nil),
      checkpoint: key.purpose == .sealedTest || key.purpose == .scan ? nil : Digest(of: Data(name.utf8)),
      scan: key.purpose == .scan ? scan : nil)
  }
}

/// Evaluates `count` plans at rung 0; then the better third goes on, rung by rung, each rung once the one below is finished.
/// Unlike the search's own policy its decisions do not depend on the order of results, so that a search with faults must
/// end with the very set of the one without.
struct ToySource: TrialSource {
  let count: Int
  var scanCount = 0

  var scans: [PruningPlan] { (0..<scanCount).map(ToyStudy.scan) }

  func next(history: [EvaluationRecord], elapsed: Double) -> TrialDecision {
    let trials = history.filter { $0.key.purpose == .trial }
    let first = trials.filter { $0.key.rung == 0 }
    if first.count < count { return .evaluate(ToyStudy.plan(first.count + 1)) }
    for rung in 1..<ToyStudy.rungs.count {
      let below = trials.filter { $0.key.rung == rung - 1 }
      guard below.allSatisfy({ [.done, .quarantined].contains($0.status) }) else { return .wait }
      let chosen = Self.best(below, share: 3)
      let started = Set(trials.filter { $0.key.rung == rung }.map(\.key.trial))
      if let next = chosen.first(where: { !started.contains($0) }) { return .promote(next, toRung: rung) }
    }
    let last = trials.filter { $0.key.rung == ToyStudy.rungs.count - 1 }
    return last.allSatisfy { [.done, .quarantined].contains($0.status) } ? .finished(.trialsAreDone) : .wait
  }

  func front(history: [EvaluationRecord]) -> [EvaluationKey] {
    let done = history.filter { $0.key.purpose == .trial && $0.status == .done }
    guard let rung = done.map(\.key.rung).max() else { return [] }
    return done.filter { $0.key.rung == rung }.map(\.key).sorted()
  }

  static func best(_ records: [EvaluationRecord], share: Int) -> [TrialID] {
    let done = records.compactMap { record in record.result.map { (record.key.trial, $0.measures.accuracy.successes) } }
    let sorted = done.sorted { ($0.1, $1.0) > ($1.1, $0.0) }
    return sorted.prefix((done.count + share - 1) / share).map(\.0).sorted()
  }
}

/// The same search, whose front is empty until a trial has reached the top: what it leaves below is worth keeping only for what it
/// may become.
struct NarrowSource: TrialSource {
  let toy: ToySource

  init(count: Int) { toy = ToySource(count: count) }

  func next(history: [EvaluationRecord], elapsed: Double) -> TrialDecision {
    toy.next(history: history, elapsed: elapsed)
  }

  func front(history: [EvaluationRecord]) -> [EvaluationKey] {
    toy.front(history: history).filter { $0.rung == ToyStudy.rungs.count - 1 }
  }
}
