/// From a criterion's statistics to one ranking: each choice is separate from the criterion. Nil: as is usual for it.
package struct Ranking: Hashable, Sendable, Codable {
  package var removal: Removal?
  /// How the scores of the layers whose slices leave together become one.
  package var aggregation: Aggregation?
  /// How groups are made comparable.
  package var normalization: Normalization?
  package var transform: StatisticTransform

  package init(
    removal: Removal? = nil, aggregation: Aggregation? = nil, normalization: Normalization? = nil,
    transform: StatisticTransform = .none
  ) {
    self.removal = removal
    self.aggregation = aggregation
    self.normalization = normalization
    self.transform = transform
  }
}

/// How the scores that a unit has in several layers become one.
package enum Aggregation: String, Hashable, Sendable, Codable, CaseIterable {
  case sum, mean, max
  /// The first layer's, in the network's order.
  case first
  /// The square root of the sum of squares.
  case l2
}

/// How the scores of one group (or weight) are brought to the scale of the others before one ranking runs over all.
///
/// Raw norms over-prune layers whose weights happen to be small, so groups are compared by their scores' relation to their mean.
package enum Normalization: String, Hashable, Sendable, Codable, CaseIterable {
  case none
  /// Divides by the mean absolute score.
  case mean
  /// Divides by the largest absolute score.
  case max
  /// Subtracts the mean and divides by the standard deviation.
  case standard
  /// Each score's square over the sum of squares of those not below it (Lee and others 2021).
  case lamp
  /// Only groups of the same structure compete; each such class loses the same share (Fang and others 2024).
  case isomorphic
}

/// What is done to a unit's weights before their moments are taken, for distributions far from normal.
package enum StatisticTransform: String, Hashable, Sendable, Codable, CaseIterable {
  case none
  /// The logarithm of one plus the absolute value in units of the layer's standard deviation, with the weight's sign.
  case log
  /// Minus the layer's mean, over its standard deviation.
  case standardize
}

/// Which units leave by their statistic.
package enum Removal: String, Hashable, Sendable, Codable, CaseIterable {
  case low, high
  /// Those farthest from the median of their group.
  case outlying

  /// Statistics as importance, of which the lowest leave.
  package func importance(_ statistics: [Float]) -> [Float] {
    switch self {
    case .low: return statistics
    case .high: return statistics.map { -$0 }
    case .outlying:
      guard !statistics.isEmpty else { return [] }
      let sorted = statistics.sorted()
      let middle = sorted.count / 2
      let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
      return statistics.map { -abs($0 - median) }
    }
  }
}
