import StudyModel
import StudyStore
import Support

/// Puts evaluations back that a study had set aside: they wait again, and what failed before counts no longer.
package struct StudyRetry {
  /// Which of them; nil is any.
  package struct Selection: Hashable, Sendable {
    package var trials: Set<TrialID>?
    package var rung: Int?

    package init(trials: Set<TrialID>? = nil, rung: Int? = nil) {
      self.trials = trials
      self.rung = rung
    }

    func holds(_ key: EvaluationKey) -> Bool {
      (trials?.contains(key.trial) ?? true) && (rung.map { key.rung == $0 } ?? true)
    }
  }

  /// As they were before.
  package private(set) var putBack: [EvaluationRecord] = []
  /// Chosen, but not to be put back any more.
  package private(set) var left: [EvaluationRecord] = []

  /// Everything that a study has set aside, in its order.
  package static func setAside(in snapshot: StudySnapshot) -> [EvaluationRecord] {
    snapshot.records.filter { $0.status == .quarantined }
  }

  /// Changes the study in the folder. Throws `StudyStoreError` `.locked` while it is being run, `CoordinationError` `.noSuchTrial`,
  /// and `.searchIsOver` when all that was chosen are trials that come too late; without a change then.
  package init(_ selection: Selection, in folder: StudyFolder) throws {
    let before = try StudyReader(folder).snapshot()
    try choose(selection, from: before)
    guard !putBack.isEmpty else { return }
    let store = try StudyStore.resume(in: folder)
    // It may have been run between the two looks.
    let snapshot = try store.snapshot()
    let choice = Result { try choose(selection, from: snapshot) }
    // The run that `resume` began has an end also where nothing can be put back any more.
    let detail = putBack.isEmpty ? "no evaluation was put back" : "evaluations were put back"
    try store.commit(
      putBack.map { .retry($0.key) } + [.endRun(.stopped, detail: detail)], elapsed: snapshot.elapsed)
    try store.close()
    try choice.get()
  }

  /// Sorts what was chosen. A trial that joins the front after the sealed split was opened would have been chosen by somebody who
  /// could have seen it.
  private mutating func choose(_ selection: Selection, from snapshot: StudySnapshot) throws {
    if let unknown = selection.trials?.sorted().first(where: { snapshot.trials[$0] == nil }) {
      let last = snapshot.trials.keys.max().map { ", the last is \($0)" } ?? ""
      throw CoordinationError(
        .noSuchTrial, "The study has no trial \(unknown)\(last).",
        remedy: "`coppice front FOLDER --history` shows them.")
    }
    let chosen = Self.setAside(in: snapshot).filter { selection.holds($0.key) }
    let isOver = snapshot.order.contains { $0.purpose == .sealedTest } && !snapshot.isSearchReopened
    putBack = chosen.filter { !isOver || $0.key.purpose == .sealedTest }
    left = chosen.filter { isOver && $0.key.purpose != .sealedTest }
    if putBack.isEmpty, let first = left.first {
      throw CoordinationError(
        .searchIsOver,
        "The search of this study is over and its front was measured on the sealed test split: "
          + (first.key.purpose == .scan ? "the sensitivity scan" : "trial \(first.key.trial)")
          + " would come too late, since a choice by it would know that split.",
        remedy: "Begin a new study with another --output. Sealed tests that were set aside can still be put back.")
    }
  }
}
