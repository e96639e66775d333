import Foundation
import Search
import StudyModel
import Support

/// All that tables, exports and the morning report show: values only, so that the same study gives the same bytes.
package struct StudyReport: Sendable {
  package let spec: StudySpec
  /// Every record of the study: trials, baseline and sealed tests.
  package let records: [EvaluationRecord]
  /// How the study stands or ended, in words; nil where nothing is known.
  package let outcome: String?
  /// Seconds since the search began.
  package let elapsed: Double
  /// The command that runs the study again.
  package let reproduction: String?
  /// Facts of the machine and the build, in the order in which they are shown.
  package let facts: [(name: String, value: String)]
  /// Trials whose plans came to the same network.
  package let twins: NetworkTwins
  /// The engines that made the study's figures, as far as workers have named them.
  package let engines: [EngineIdentity]
  /// The ONNX files that were written for networks of the front, by name.
  package let networks: [EvaluationKey: String]
  /// What the reader must know before trusting the figures, beyond what the report finds itself.
  package let warnings: [String]
  /// What of the study's database could not be used; `records` are without it.
  package let damage: [Damage]

  /// A row that cannot be used.
  package struct Damage: Hashable, Sendable, Encodable, CustomStringConvertible {
    package let table: String
    package let row: Int64?
    package let trial: TrialID?
    package let rung: Int?
    /// In words that go on from "it ...".
    package let reason: String
    /// Tells such an object from an evaluation in one JSON array.
    private let status = "damaged"

    package init(table: String, row: Int64?, trial: TrialID?, rung: Int?, reason: String) {
      self.table = table
      self.row = row
      self.trial = trial
      self.rung = rung
      self.reason = reason
    }

    package var description: String {
      let owner = trial.map { trial in " (trial \(trial)" + (rung.map { ", rung \($0)" } ?? "") + ")" } ?? ""
      return "'\(table)'" + (row.map { ", row \($0)" } ?? "") + owner + ": it \(reason)"
    }
  }

  package init(
    spec: StudySpec, records: [EvaluationRecord], elapsed: Double, outcome: String? = nil, reproduction: String? = nil,
    facts: [(name: String, value: String)] = [], engines: [EngineIdentity] = [],
    networks: [EvaluationKey: String] = [:], warnings: [String] = [], damage: [Damage] = []
  ) {
    self.spec = spec
    self.records = records.sorted { $0.key < $1.key }
    self.elapsed = elapsed
    self.outcome = outcome
    self.reproduction = reproduction
    self.facts = facts
    self.engines = engines
    self.networks = networks
    twins = NetworkTwins(records)
    self.warnings = warnings
    self.damage = damage
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

  /// The finished groups of the sensitivity scan, in its order.
  package var scans: [EvaluationRecord] {
    records.filter { $0.key.purpose == .scan && $0.status == .done && $0.result?.scan != nil }
  }

  /// Evaluations that failed and have no result yet, or never will.
  package var failures: [EvaluationRecord] { records.filter { $0.failure != nil && $0.status != .done } }

  /// Evaluations that are not tried again unless asked.
  package var setAside: [EvaluationRecord] { records.filter { $0.status == .quarantined } }

  /// Why one was set aside, in words, with its last failure.
  func reason(_ record: EvaluationRecord) -> String {
    [record.reason, record.failure.map { "the last failure: \($0.message)" }].compactMap { $0 }.joined(separator: "; ")
  }

  /// The sealed measures, by trial; the baseline's has the number 0. Those of a network from which its trial has gone on since, in
  /// a search that had ended and went on, say nothing of what it is now.
  package var sealed: [TrialID: Measures] {
    var rungs: [TrialID: Int] = [:]
    for record in records where record.key.purpose == .trial && record.status == .done {
      rungs[record.key.trial] = max(rungs[record.key.trial] ?? 0, record.key.rung)
    }
    var found: [TrialID: Measures] = [:]
    for record in records
    where record.key.purpose == .sealedTest && record.status == .done
      && record.key.rung >= rungs[record.key.trial] ?? 0
    {
      found[record.key.trial] = record.result?.measures
    }
    return found
  }

  /// The given warnings and those that the records themselves call for.
  package var allWarnings: [String] {
    var found = warnings
    if !damage.isEmpty {
      found.append(
        "The study's database is damaged: \(damage.count) rows are left out of this report. "
          + damage.prefix(10).map { "\($0)." }.joined(separator: " "))
    }
    guard let front else {
      return found + ["The dense network has not been measured: there is nothing to compare with."]
    }
    if let empty = EmptyFront(self) {
      found.append(empty.lines.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " "))
    }
    if let scalingDoubt { found.append(scalingDoubt) }
    if let rung = front.rung, rung < spec.fineTune.rungs.count - 1 {
      found.append(
        "The networks of the front are \(training(rung)): no trial has finished the last rung, "
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
    let unscanned = records.count { $0.key.purpose == .scan && $0.status != .done }
    if unscanned > 0, !history.isEmpty {
      found.append(
        "The sensitivity of \(unscanned) of \(unscanned + scans.count) groups was not measured: the first plans treated them as "
          + "average.")
    }
    let classes = Set(history.compactMap { $0.result?.measures.latency?.deviceClass })
    if classes.count > 1 {
      found.append("Latencies come from \(classes.count) kinds of processor and must not be compared.")
    }
    let makers = Set(records.compactMap { $0.result?.engine })
    if makers.count > 1 {
      found.append(
        "\(makers.count) different engines made the figures; between engines they agree closely, but not bit for bit.")
    }
    let threads = Set(records.compactMap { $0.result?.threads })
    if threads.count > 1 {
      found.append(
        "Engines computed with \(threads.sorted().map(String.init).joined(separator: " and ")) threads; figures of different "
          + "numbers of threads agree closely, but not bit for bit.")
    }
    return found
  }

  /// Words about an input scaling that is probably wrong, since pruned networks beat the dense one by points; nil where none does.
  package var scalingDoubt: String? {
    guard let dense = baseline?.result?.measures.accuracy,
      let best = history.compactMap({ $0.result?.measures.accuracy }).max(by: { $0.share < $1.share })
    else { return nil }
    return ScalingDoubt(dense: dense, pruned: best)?.text(spec.input, remedy: ScalingDoubt.specRemedy)
  }

  /// The recipe of a record's plan, with the trial that stands for it where there is one.
  func recipe(_ record: EvaluationRecord) -> String {
    let original = twins.original(of: record.key.trial).map { ", same network as trial \($0)" }
    return Figure.recipe(record.plan) + (original ?? "")
  }

  /// How far the trials of a rung were trained, of several: "each fine-tuned for 1 epoch (rung 1)".
  func training(_ rung: Int) -> String {
    let words = trained(rung)
    return words.hasPrefix("fine-tuned") ? "each \(words)" : words
  }

  /// The same behind "was" or "were": "fine-tuned for 1 epoch (rung 1)".
  func trained(_ rung: Int) -> String {
    guard spec.fineTune.rungs.indices.contains(rung) else { return "at rung \(rung)" }
    let epochs = spec.fineTune.rungs[rung]
    return epochs == 0
      ? "pruned and not yet fine-tuned (rung \(rung))" : "fine-tuned for \(Units.epochs(epochs)) (rung \(rung))"
  }

  /// The cumulative epochs of a rung, as written in the spec.
  func epochs(_ rung: Int) -> String {
    spec.fineTune.rungs.indices.contains(rung) ? Figure.plain(spec.fineTune.rungs[rung]) : "?"
  }
}
