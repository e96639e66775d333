/// Finds constraints that no network can keep, whatever the search finds: mostly slips, such as a percentage for a share.
enum ConstraintCheck {
  struct Fault: Error, Equatable {
    let reason: String
    let remedy: String
  }

  /// Baselines of accuracy that a search accepts at all; one near chance is refused.
  private static let baselineAccuracies = [0.02, 1.0]

  /// Why no network keeps this constraint, or nil.
  static func fault(of constraint: Constraint) -> Fault? {
    switch constraint.objective {
    case .accuracy: accuracyFault(constraint)
    case .parameters, .macs, .size, .latency: costFault(constraint)
    }
  }

  /// Why no network keeps both, or nil.
  static func contradiction(_ one: Constraint, _ other: Constraint) -> Fault? {
    guard one.objective == other.objective, one.relation != other.relation else { return nil }
    let (lower, upper) = one.relation == .atLeast ? (one, other) : (other, one)
    let (factor, offset) = (lower.baselineFactor - upper.baselineFactor, lower.offset - upper.offset)
    let isEmpty =
      one.objective == .accuracy
      ? baselineAccuracies.allSatisfy { factor * $0 + offset > 0 }
      : factor >= 0 && offset >= 0 && (factor > 0 || offset > 0)
    guard isEmpty else { return nil }
    return Fault(
      reason: "no network keeps both '\(text(lower))' and '\(text(upper))'",
      remedy: "Raise the upper bound, lower the other one, or remove one of the two.")
  }

  private static func accuracyFault(_ constraint: Constraint) -> Fault? {
    let bounds = baselineAccuracies.map { constraint.baselineFactor * $0 + constraint.offset }
    let isOut =
      switch constraint.relation {
      case .atLeast: bounds.allSatisfy { $0 > 1 }
      case .atMost: bounds.allSatisfy { $0 < 0 }
      }
    guard isOut || abs(constraint.offset) > 1 else { return nil }
    var meant = constraint
    if abs(constraint.offset) > 1 {
      meant.offset = constraint.offset / 100
    } else if constraint.offset == 0 {
      meant.baselineFactor = constraint.baselineFactor / 100
    }
    let isLikely =
      meant != constraint && abs(meant.offset) <= 1 && abs(meant.baselineFactor) <= 1
      && (constraint.baselineFactor != 0 || abs(constraint.offset) >= 2)
    return Fault(
      reason: isOut
        ? "accuracy is a share from 0 to 1, so no network keeps '\(text(constraint))'"
        : "accuracy is a share from 0 to 1, so every network keeps '\(text(constraint))', or none",
      remedy: isLikely ? "Did you mean \"\(text(meant))\"?" : "Write a bound from 0 to 1, or such as baseline - 0.05.")
  }

  private static func costFault(_ constraint: Constraint) -> Fault? {
    let (objective, factor, offset) = (constraint.objective, constraint.baselineFactor, constraint.offset)
    switch constraint.relation {
    case .atLeast:
      // Pruning adds none; files and times may grow a little.
      guard objective == .parameters || objective == .macs, factor >= 1, factor > 1 ? offset >= 0 : offset > 0 else {
        return nil
      }
      return Fault(
        reason:
          "no pruned network has more \(objective.rawValue) than the dense one, as '\(text(constraint))' asks for",
        remedy: "Write <= for an upper bound, such as \"\(objective.rawValue) <= 0.5 baseline\".")
    case .atMost:
      if factor <= 0, offset <= 0 {
        return Fault(
          reason: "the \(objective.rawValue) of a network is above 0, so none keeps '\(text(constraint))'",
          remedy: "Write a bound above 0, such as \"\(objective.rawValue) <= 0.5 baseline\".")
      }
      guard objective != .latency, factor == 0, offset <= 1 else { return nil }
      return Fault(
        reason: "a number without 'baseline' is a count of its own, and no network keeps '\(text(constraint))'",
        remedy: "Did you mean \"\(objective.rawValue) <= \(offset) baseline\"?")
    }
  }

  private static func text(_ constraint: Constraint) -> String { ConstraintGrammar.text(constraint) }
}
