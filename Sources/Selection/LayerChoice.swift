import StudyModel

/// Which layers are cut at all, for plans that choose layers first.
enum LayerChoice {
  /// The share that is chosen where the plan does not say.
  static let usualShare = 1.0 / 3

  /// Positions of the least important lists, ascending: the plan's share of them rounded up, by the mean of the scores after
  /// normalisation. Normalisations that give every list the same mean stand aside for the division by the largest.
  static func leastImportant(_ importances: [[Float]], _ plan: PruningPlan) throws -> [Int] {
    let share = plan.layerShare ?? usualShare
    guard share > 0, share <= 1 else {
      throw SelectionError(
        .invalidShare, "The share of layers that is chosen first is \(share).",
        remedy: "Give a share above 0 and at most 1.")
    }
    let scale: Normalization =
      switch plan.ranking.normalization {
      case .some(.none): .none
      case .lamp: .lamp
      case .max, .mean, .standard, .isomorphic, nil: .max
      }
    let means = importances.map { values in
      values.isEmpty ? 0 : scale.normalized(values).reduce(0, +) / Double(values.count)
    }
    let count = Int((Double(means.count) * share - 1e-9).rounded(.up))
    return means.indices.sorted { (means[$0], $0) < (means[$1], $1) }.prefix(count).sorted()
  }
}
