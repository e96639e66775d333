/// The largest selection within a target.
package struct SelectionOutcome: Sendable, Hashable {
  /// For each group, the units that stay, ascending.
  package var kept: [String: [Int]]
  /// What was allowed to stay: units, parameters or multiply-accumulates, as asked.
  package var target: Int
  /// What stays of that.
  package var achieved: Int
  /// What would stay one feasible step of a ranking over all groups earlier; nil when there was none.
  package var previous: Int?

  /// What the target would still have allowed; negative when constraints keep more than the target.
  package var gap: Int { target - achieved }
  package var isReached: Bool { gap >= 0 }
}
