import StudyModel

extension Normalization {
  /// Scores (higher is more important) on a scale that groups share; their order stays, and all equal scores stay equal.
  ///
  /// For `isomorphic` this is the division by the mean that follows within each class of groups.
  package func normalized(_ scores: [Float]) -> [Double] { normalized(scores.map(Double.init)) }

  /// The same for scores that are sums.
  func normalized(_ values: [Double]) -> [Double] {
    guard !values.isEmpty else { return [] }
    let count = Double(values.count)
    switch self {
    case .none: return values
    case .mean, .isomorphic: return Self.divided(values, by: values.reduce(0) { $0 + abs($1) } / count)
    case .max: return Self.divided(values, by: values.reduce(0) { Swift.max($0, abs($1)) })
    case .standard:
      let mean = values.reduce(0, +) / count
      let centred = values.map { $0 - mean }
      return Self.divided(centred, by: (centred.reduce(0) { $0 + $1 * $1 } / count).squareRoot())
    case .lamp: return Self.relativeToThoseAbove(values)
    }
  }

  private static func divided(_ values: [Double], by scale: Double) -> [Double] {
    scale > 0 ? values.map { $0 / scale } : values
  }

  /// Equal scores count as one rank, so that they stay equal.
  private static func relativeToThoseAbove(_ values: [Double]) -> [Double] {
    let lowest = Swift.min(values.min() ?? 0, 0)
    // Squares keep the order only of numbers that are not negative.
    let squares = values.map { ($0 - lowest) * ($0 - lowest) }
    var result = Array(repeating: 0.0, count: values.count)
    var rest = 0.0
    let order = values.indices.sorted { values[$0] > values[$1] }
    var start = 0
    while start < order.count {
      let end = order[start...].firstIndex { values[$0] != values[order[start]] } ?? order.count
      for place in order[start..<end] { rest += squares[place] }
      for place in order[start..<end] { result[place] = rest > 0 ? squares[place] / rest : 0 }
      start = end
    }
    return result
  }
}
