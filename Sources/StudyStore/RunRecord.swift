import StudyModel

/// One run of a coordinator over a study, from its start to its end; its number is the epoch.
package struct RunRecord: Hashable, Sendable {
  package var epoch: Int64
  /// Seconds since the search began.
  package var begunAt: Double
  /// Why the search ended, where it did so in this run. The sealed tests come after that.
  package var searchEnding: SearchEnding?
  /// A search that had ended went on in this run, and has not ended again in it.
  package var reopensSearch: Bool
  /// Nil while it runs, and for a run that was killed.
  package var ending: RunEnding?
  package var endedAt: Double?
  /// What there is to say beside `ending`: the signal, the error.
  package var detail: String

  package init(
    epoch: Int64, begunAt: Double, searchEnding: SearchEnding? = nil, reopensSearch: Bool = false,
    ending: RunEnding? = nil,
    endedAt: Double? = nil, detail: String = ""
  ) {
    self.epoch = epoch
    self.begunAt = begunAt
    self.searchEnding = searchEnding
    self.reopensSearch = reopensSearch
    self.ending = ending
    self.endedAt = endedAt
    self.detail = detail
  }
}

/// How a coordinator's run ended.
package enum RunEnding: String, Hashable, Sendable, CaseIterable {
  /// All that the study wanted is done.
  case finished
  /// By the user or the system, with a signal.
  case stopped
  /// By an error.
  case failed
}

extension StudySnapshot {
  /// Why the search ended, as the last run that saw it end knew; nil since it goes on.
  package var searchEnding: SearchEnding? { lastTurn?.searchEnding }

  /// The search had ended and goes on, with a larger budget: its sealed tests are no sign that it is over.
  package var isSearchReopened: Bool { lastTurn?.reopensSearch ?? false }

  private var lastTurn: RunRecord? { runs.last { $0.searchEnding != nil || $0.reopensSearch } }

  /// How the study stands or ended, as a sentence or two. `isRunning` tells whether a coordinator has it open now: a run without
  /// an ending is one that goes on or one that was killed.
  package func endingWords(isRunning: Bool) -> String {
    let search = searchEnding.map { "The search ended: \($0.words)." }
    if isRunning { return search.map { $0 + " Its networks are being measured." } ?? "The search is running." }
    if isFinished { return search ?? "The search came to its end." }
    guard let last = runs.last else { return "How its last run ended was not recorded." }
    let run: String
    switch last.ending {
    case .finished: run = "The search came to its end."
    case .stopped: run = "It was stopped" + (last.detail.isEmpty ? "" : " (\(last.detail))") + "."
    case .failed: run = "It ended with an error: \(last.detail)"
    case nil: run = "Its last run noted no end: the process was killed, or its machine went down."
    }
    return (search.map { [$0] } ?? []).joined() + (search == nil ? "" : " ") + run
  }
}
