import StudyModel

extension Aggregation {
  /// One score per unit, from the layers' in the network's order; a unit in which no layer has a part scores 0.
  func joined(_ layers: [LayerScores], unitCount: Int) -> [Float] {
    var totals = [Double](repeating: 0, count: unitCount)
    var parts = [Int](repeating: 0, count: unitCount)
    for layer in layers {
      for (unit, score) in zip(layer.units, layer.scores) {
        switch self {
        case .sum, .mean: totals[unit] += score
        case .max: totals[unit] = parts[unit] == 0 ? score : Swift.max(totals[unit], score)
        case .first: if parts[unit] == 0 { totals[unit] = score }
        case .l2: totals[unit] += score * score
        }
        parts[unit] += 1
      }
    }
    switch self {
    case .sum, .max, .first: break
    case .mean: for unit in totals.indices where parts[unit] > 0 { totals[unit] /= Double(parts[unit]) }
    case .l2: for unit in totals.indices { totals[unit].formSquareRoot() }
    }
    return totals.map { Float($0) }
  }
}
