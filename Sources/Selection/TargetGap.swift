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

  /// One line for people, such as "Kept 56 of 112 channels (target 56)"; `total` is what there was before the cut, where it is known.
  package func text(of total: Int?, granularity: Granularity) -> String {
    let noun =
      switch measure {
      case .parameters: "parameters"
      case .macs: "MACs"
      case .units: granularity.unitNoun
      }
    let text = "Kept \(achieved) \(total.map { "of \($0) " } ?? "")\(noun) (target \(target))"
    return isReached ? text : text + ": nothing more can be removed"
  }
}

extension Granularity {
  /// What the granularity counts, as a plural.
  fileprivate var unitNoun: String {
    switch self {
    case .channel: "channels"
    case .head: "heads"
    case .unit: "recurrent units"
    case .layer: "residual branches"
    case .element, .nOfM: "weights"
    case .block: "blocks"
    }
  }
}
