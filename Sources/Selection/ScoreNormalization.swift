/// How the scores of one group (or weight) are brought to the scale of the others before one ranking runs over all.
///
/// Raw norms over-prune layers whose weights happen to be small, so groups are compared by their scores' relation to their mean.
package enum ScoreNormalization: Sendable, Hashable, CaseIterable {
  case none
  /// Divides by the mean absolute score.
  case mean
  /// Divides by the largest absolute score.
  case maximum
  /// Subtracts the mean and divides by the standard deviation.
  case standard

  /// Scores of equal order on a common scale; all equal scores stay equal.
  package func normalized(_ scores: [Float]) -> [Double] {
    let values = scores.map(Double.init)
    guard !values.isEmpty else { return [] }
    let count = Double(values.count)
    switch self {
    case .none: return values
    case .mean: return Self.divided(values, by: values.reduce(0) { $0 + abs($1) } / count)
    case .maximum: return Self.divided(values, by: values.reduce(0) { max($0, abs($1)) })
    case .standard:
      let mean = values.reduce(0, +) / count
      let centred = values.map { $0 - mean }
      return Self.divided(centred, by: (centred.reduce(0) { $0 + $1 * $1 } / count).squareRoot())
    }
  }

  private static func divided(_ values: [Double], by scale: Double) -> [Double] {
    scale > 0 ? values.map { $0 / scale } : values
  }
}
