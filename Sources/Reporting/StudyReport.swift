import Search
import StudyModel

/// All that tables, exports and the morning report show: values only, so that the same study gives the same bytes.
package struct StudyReport: Sendable {
  package let spec: StudySpec
  /// Every record of the study: trials, baseline and sealed tests.
  package let records: [EvaluationRecord]
  /// How the search ended, in words; nil while it runs.
  package let outcome: String?
  /// Seconds since the search began.
  package let elapsed: Double
  /// The command that runs the study again.
  package let reproduction: String?
  /// Facts of the machine and the build, in the order in which they are shown.
  package let facts: [(name: String, value: String)]
  /// What the reader must know before trusting the figures, beyond what the report finds itself.
  package let warnings: [String]

  package init(
    spec: StudySpec, records: [EvaluationRecord], elapsed: Double, outcome: String? = nil, reproduction: String? = nil,
    facts: [(name: String, value: String)] = [], warnings: [String] = []
  ) {
    self.spec = spec
    self.records = records.sorted { $0.key < $1.key }
    self.elapsed = elapsed
    self.outcome = outcome
    self.reproduction = reproduction
    self.facts = facts
    self.warnings = warnings
  }

  /// The dense network's record, once measured.
  package var baseline: EvaluationRecord? {
    records.first { $0.key.purpose == .baseline && $0.status == .done && $0.result != nil }
  }

  /// Nil before the baseline is measured.
  package var objectives: ObjectiveSpace? {
    (baseline?.result?.measures).map { ObjectiveSpace(spec: spec, baseline: $0) }
  }

  package var front: StudyFront? { objectives.map { StudyFront(records, space: $0) } }

  /// Finished evaluations of trials, by the time at which they ended.
  package var history: [EvaluationRecord] {
    records.filter { $0.key.purpose == .trial && $0.status == .done && $0.result != nil }
      .sorted { ($0.finishedAt ?? 0, $0.key) < ($1.finishedAt ?? 0, $1.key) }
  }

  /// Evaluations that were given up.
  package var failures: [EvaluationRecord] { records.filter { $0.failure != nil && $0.status != .done } }

  /// The sealed measures, by trial; the baseline's has the number 0.
  package var sealed: [TrialID: Measures] {
    var found: [TrialID: Measures] = [:]
    for record in records where record.key.purpose == .sealedTest && record.status == .done {
      found[record.key.trial] = record.result?.measures
    }
    return found
  }

  /// The given warnings and those that the records themselves call for.
  package var allWarnings: [String] {
    var found = warnings
    guard let front else {
      return found + ["The dense network has not been measured: there is nothing to compare with."]
    }
    if front.records.isEmpty {
      found.append("No trial is on the front: none has finished that keeps every constraint.")
    }
    if let rung = front.rung, rung < spec.fineTune.rungs.count - 1 {
      found.append(
        "The front is at rung \(rung) (\(epochs(rung)) epochs): no trial has finished rung "
          + "\(spec.fineTune.rungs.count - 1).")
    }
    if !front.records.isEmpty, front.records.contains(where: { sealed[$0.key.trial] == nil }) {
      found.append(
        "The sealed test split has not been used for every network of the front: their accuracies are from the "
          + "validation split on which the search chose them, and are likely to be a little too high.")
    }
    if !front.records.isEmpty, !history.contains(where: { $0.key.rung == front.rung && $0.plan.criterion == .random }) {
      found.append(
        "No trial of the front's rung was cut by chance (criterion random): whether the criteria do better than that is "
          + "not known.")
    }
    let classes = Set(history.compactMap { $0.result?.measures.latency?.deviceClass })
    if classes.count > 1 {
      found.append("Latencies come from \(classes.count) kinds of processor and must not be compared.")
    }
    return found
  }

  /// The cumulative epochs of a rung, as written in the spec.
  func epochs(_ rung: Int) -> String {
    spec.fineTune.rungs.indices.contains(rung) ? Figure.plain(spec.fineTune.rungs[rung]) : "?"
  }
}
