/// How the numbers of one weight are distributed.
package struct WeightDistribution: Hashable, Sendable, Codable {
  package var count: Int
  package var zeros: Int
  package var moments: Moments
  package var histogram: Histogram

  /// Of the values after `transform`; zeros are counted before it.
  package init(_ values: [Double], transform: StatisticTransform = .none) {
    count = values.count
    zeros = values.count { $0 == 0 }
    let own = Moments(values)
    let changed = transform.applied(to: values, in: own)
    moments = transform == .none ? own : Moments(changed)
    histogram = Histogram(changed, around: moments)
  }

  /// The share of zeros.
  package var sparsity: Double { count > 0 ? Double(zeros) / Double(count) : 0 }

  package var isFarFromNormal: Bool { moments.isFarFromNormal }
}

/// Counts in bins of half a standard deviation, from four below the mean to four above; the first and the last bin also hold
/// what lies beyond.
package struct Histogram: Hashable, Sendable, Codable {
  package static let binCount = 16

  /// The lower edge of the first bin.
  package var start: Double
  package var binWidth: Double
  package var counts: [Int]

  /// Where there is no spread, all values are in the bin above the mean.
  package init(_ values: [Double], around moments: Moments) {
    let width = moments.deviation / 2
    var counts = Array(repeating: 0, count: Self.binCount)
    for value in values {
      let place = width > 0 ? ((value - moments.mean) / width).rounded(.down) : 0
      let limit = Double(Self.binCount / 2)
      // Infinite values have no place; they stand at the ends.
      counts[Int(place.isNaN ? 0 : max(-limit, min(place, limit - 1))) + Self.binCount / 2] += 1
    }
    self.counts = counts
    start = moments.mean - Double(Self.binCount / 2) * width
    binWidth = width
  }
}
