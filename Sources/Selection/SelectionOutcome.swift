/// The largest selection within a target.
package struct SelectionOutcome: Sendable, Hashable {
  /// For each group, the units that stay, ascending.
  package var kept: [String: [Int]]
  package var reached: TargetGap

  package var target: Int { reached.target }
  package var achieved: Int { reached.achieved }
  package var previous: Int? { reached.previous }
  package var gap: Int { reached.gap }
  package var isReached: Bool { reached.isReached }
}

/// The same for weights that become zeros.
package struct MaskOutcome: Sendable, Hashable {
  /// For each admitted weight, whether each element stays (row-major).
  package var masks: [String: [Bool]]
  /// Nil where the granularity itself says how many stay.
  package var reached: TargetGap?
}
