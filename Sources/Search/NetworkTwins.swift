import StudyModel
import Support

/// Trials whose plans came to the same network (`EvaluationResult.network`). One of them stands for all; the others count as
/// trials, but are never promoted and on no front.
package struct NetworkTwins: Hashable, Sendable {
  /// The trial that stands for each of the others.
  private let originals: [TrialID: TrialID]

  /// The trial that has gone furthest stands for all, for two that run at the same time may be known as equal only when one of
  /// them has been promoted; among those as far the one of the smallest number.
  package init(_ records: [EvaluationRecord]) {
    var trials: [Digest: Set<TrialID>] = [:]
    var highestRungs: [TrialID: Int] = [:]
    for record in records where record.key.purpose == .trial {
      highestRungs[record.key.trial] = max(highestRungs[record.key.trial] ?? 0, record.key.rung)
      if let network = record.result?.network { trials[network, default: []].insert(record.key.trial) }
    }
    var originals: [TrialID: TrialID] = [:]
    for twins in trials.values where twins.count > 1 {
      let ordered = twins.sorted { (-(highestRungs[$0] ?? 0), $0) < (-(highestRungs[$1] ?? 0), $1) }
      for twin in ordered.dropFirst() { originals[twin] = ordered[0] }
    }
    self.originals = originals
  }

  /// The trial that stands for this one; nil for one that stands for itself.
  package func original(of trial: TrialID) -> TrialID? { originals[trial] }

  /// How many trials another one stands for.
  package var count: Int { originals.count }
}
