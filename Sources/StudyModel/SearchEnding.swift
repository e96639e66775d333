/// Why a search ended.
package enum FinishReason: String, Hashable, Sendable, Codable, CaseIterable {
  case timeIsUp = "time-is-up"
  case trialsAreDone = "trials-are-done"
  /// Every plan of the space has been tried.
  case spaceIsExhausted = "space-is-exhausted"
  /// Every plan of the grid or the list has been tried.
  case plansAreDone = "plans-are-done"
  case baselineFailed = "baseline-failed"
  /// So many trials failed, and none succeeded, that more would be a waste.
  case everythingFails = "everything-fails"
  /// The sampler has nothing new to propose.
  case samplerIsDone = "sampler-is-done"

  /// What goes on from "the search ended: ".
  package var words: String {
    switch self {
    case .timeIsUp: "its time is over"
    case .trialsAreDone: "all the trials of its budget are done"
    case .spaceIsExhausted: "no plan of its space is left to try"
    case .plansAreDone: "all its plans are done"
    case .baselineFailed: "the dense network could not be measured"
    case .everythingFails: "trial after trial failed, and none succeeded"
    case .samplerIsDone: "its sampler has nothing new to propose"
    }
  }
}

extension FinishReason {
  /// True when it was the budget that ended the search, so that a larger one lets it go on.
  package var isOfBudget: Bool {
    switch self {
    case .timeIsUp, .trialsAreDone: true
    case .spaceIsExhausted, .plansAreDone, .baselineFailed, .everythingFails, .samplerIsDone: false
    }
  }
}

/// A reason with what there is to say beside it.
package struct SearchEnding: Hashable, Sendable, Codable {
  package var reason: FinishReason
  package var detail: String

  package init(_ reason: FinishReason, detail: String = "") {
    self.reason = reason
    self.detail = detail
  }

  /// What goes on from "the search ended: ".
  package var words: String {
    // How many plans there were says all that the reason's own words say.
    if reason == .plansAreDone, !detail.isEmpty { return detail }
    return detail.isEmpty ? reason.words : "\(reason.words) (\(detail))"
  }
}
