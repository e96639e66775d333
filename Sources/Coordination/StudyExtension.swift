import StudyModel
import StudyStore
import Support

/// What another budget means for a study that goes on: a search that its budget had ended goes on where the new one leaves room.
struct StudyExtension: Hashable {
  /// What opens the search again; empty where it is open, or stays closed.
  let changes: [StudyChange]
  /// What the user should know, or nil.
  let words: String?

  init(_ snapshot: StudySnapshot, from old: Budget, to new: Budget) {
    guard old != new, let ending = snapshot.searchEnding else {
      self.changes = []
      words = nil
      return
    }
    let trials = Set(snapshot.order.filter { $0.purpose == .trial }.map(\.trial)).count
    if let obstacle = Self.obstacle(ending, new, trials: trials, elapsed: snapshot.elapsed) {
      self.changes = []
      words =
        "The search of this study has ended (\(ending.words)), and this budget does not let it go on: \(obstacle)."
      return
    }
    // What was called off for want of time waits again; sealed tests come when the search is over.
    let returning = snapshot.records.filter { $0.status == .cancelled && $0.key.purpose != .sealedTest }
    let leaving = snapshot.records.filter { $0.status == .pending && $0.key.purpose == .sealedTest }
    let opened = snapshot.records.contains { $0.key.purpose == .sealedTest && $0.status == .done }
    let detail = "\(trials) trials" + (opened ? ", after its front was measured on the sealed split" : "")
    var changes = [StudyChange.reopenSearch(detail: detail)]
    changes += returning.map { StudyChange.setStatus($0.key, .pending) }
    changes += leaving.map { StudyChange.setStatus($0.key, .cancelled, reason: "the search goes on") }
    self.changes = changes
    words =
      "The search of this study had ended (\(ending.words)) and goes on with the new budget."
      + (opened
        ? " Its front was measured on the sealed test split already; the report will say so." : "")
  }

  /// Why the search cannot go on, or nil.
  private static func obstacle(_ ending: SearchEnding, _ budget: Budget, trials: Int, elapsed: Double) -> String? {
    guard ending.reason.isOfBudget else { return "it was not the budget that ended it" }
    if let seconds = budget.seconds, elapsed >= seconds {
      return "it has run for \(Units.duration(seconds: elapsed)), and its time is \(Units.duration(seconds: seconds))"
    }
    if let limit = budget.trials, trials >= limit { return "it has \(trials) trials, and may have \(limit)" }
    return nil
  }
}
