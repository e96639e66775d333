import StudyModel

/// How near a selection came to what was asked for.
package struct TargetGap: Sendable, Hashable, Codable {
  /// What is counted.
  package var measure: SparsityMeasure
  /// What was allowed to stay.
  package var target: Int
  /// What stays of that.
  package var achieved: Int
  /// What would stay one feasible step of a ranking over all groups earlier; nil when there was none.
  package var previous: Int?

  package init(measure: SparsityMeasure, target: Int, achieved: Int, previous: Int? = nil) {
    self.measure = measure
    self.target = target
    self.achieved = achieved
    self.previous = previous
  }

  /// What the target would still have allowed; negative when constraints keep more than the target.
  package var gap: Int { target - achieved }
  package var isReached: Bool { gap >= 0 }

  /// One line for people.
  package var text: String {
    let words = measure == .macs ? "MACs" : measure.rawValue
    if isReached { return "\(achieved) \(words) stay, \(gap) less than the \(target) that may" }
    return "\(achieved) \(words) stay, \(-gap) more than the \(target) that should: nothing else may leave"
  }
}
