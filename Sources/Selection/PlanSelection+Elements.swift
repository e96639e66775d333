import ChannelGroups
import StudyModel

extension PlanSelection {
  /// For every weight that the plan's layer set admits, whether each element stays (row-major); weights not named stay whole.
  ///
  /// `scores` holds, by weight name, one score per element, higher is more important. What stays is `floor((1 - share) * elements)`,
  /// over all admitted weights (global; scores are not normalised unless asked, as magnitude pruning is usually defined) or of
  /// each (local). Per-group shares go by layer name. Every weight keeps the plan's minimum. Ties: the lower index leaves first.
  package static func elementMasks(
    weights: [PrunableWeight], scores: [String: [Float]], plan: PruningPlan, normalization: ScoreNormalization = .none
  ) throws -> [String: [Bool]] {
    guard plan.granularity == .element else {
      throw SelectionError(.wrongGranularity, "A plan of granularity '\(plan.granularity.rawValue)' masks no elements.")
    }
    let admitted = weights.filter { plan.layers.contains($0.layer) }
    let values = try admitted.map { weight in
      guard let values = scores[weight.weight], values.count == weight.count, values.allSatisfy(\.isFinite) else {
        throw SelectionError(
          .invalidScores,
          "Weight '\(weight.weight)' has \(weight.count) elements; its \(scores[weight.weight]?.count ?? 0) scores are not one finite number for each."
        )
      }
      return plan.importance(values)
    }
    let protected = zip(admitted, values).map { weight, values in
      mostImportant(min(max(plan.minimumKept, 0), weight.count), of: values)
    }
    var masks = admitted.map { Array(repeating: true, count: $0.count) }

    if plan.scope == .global, case .uniform(let share) = plan.sparsity {
      try check(share: share, of: "the plan")
      let joint = values.flatMap(normalization.normalized)
      let locks = protected.flatMap { $0 }
      let mask = mask(joint, locked: locks, removing: joint.count - budget(joint.count, share))
      var offset = 0
      for position in masks.indices {
        masks[position] = Array(mask[offset..<offset + masks[position].count])
        offset += masks[position].count
      }
    } else {
      let shares = try elementShares(admitted, plan, known: weights)
      for position in masks.indices {
        let count = masks[position].count
        masks[position] = mask(
          values[position].map(Double.init), locked: protected[position],
          removing: count - budget(count, shares[position]))
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(admitted.map(\.weight), masks))
  }

  private static func elementShares(
    _ admitted: [PrunableWeight], _ plan: PruningPlan, known: [PrunableWeight]
  ) throws -> [Double] {
    switch plan.sparsity {
    case .uniform(let share):
      try check(share: share, of: "the plan")
      return admitted.map { _ in share }
    case .perGroup(let shares):
      for name in shares.keys.sorted() {
        guard known.contains(where: { $0.layer == name }) else {
          throw SelectionError(
            .unknownGroup, "The plan gives a sparsity for '\(name)', which is no layer with a weight to prune.",
            remedy: "The layers are: \(known.map(\.layer).joined(separator: ", ")).")
        }
        try check(share: shares[name] ?? 0, of: "'\(name)'")
      }
      return admitted.map { shares[$0.layer] ?? 0 }
    }
  }

  /// The `count` highest, ties to the higher index (the lower one leaves first).
  private static func mostImportant(_ count: Int, of values: [Float]) -> [Bool] {
    var locks = Array(repeating: false, count: values.count)
    if count == 1, let best = values.indices.max(by: { (values[$0], $0) < (values[$1], $1) }) {
      locks[best] = true
    } else if count > 1 {
      for index in values.indices.sorted(by: { (values[$0], $0) > (values[$1], $1) }).prefix(count) {
        locks[index] = true
      }
    }
    return locks
  }

  /// Removes the lowest elements that are not locked; ties by index. Sorting bare numbers for a threshold is faster than
  /// sorting indices.
  private static func mask(_ scores: [Double], locked: [Bool], removing count: Int) -> [Bool] {
    var mask = Array(repeating: true, count: scores.count)
    let free = scores.indices.lazy.filter { !locked[$0] }.map { scores[$0] }.sorted()
    let count = min(count, free.count)
    guard count > 0 else { return mask }
    let threshold = free[count - 1]
    var atThreshold = count - free[..<count].count { $0 < threshold }
    for index in scores.indices where !locked[index] {
      if scores[index] < threshold {
        mask[index] = false
      } else if scores[index] == threshold, atThreshold > 0 {
        mask[index] = false
        atThreshold -= 1
      }
    }
    return mask
  }
}
