import StudyModel
import Support

/// The plans with which a search begins: criteria in turn, and levels of sparsity that cover their range evenly however
/// early the design is cut off (van der Corput's sequence, shifted by the seed); each group strays from its plan's level.
///
/// Independent shares would all have about the same mean, and leave out the smallest and the largest networks. The further
/// categories go through their lists in an order that is drawn anew for each round, so that none goes in step with another.
/// With a sensitivity scan each group strays to its own side: what is sensitive loses less than the level, the rest more.
struct FirstDesign {
  let space: PlanSpace
  /// By group, from -1 (the most sensitive) to 1; empty without a scan.
  var tolerance: [String: Double] = [:]
  /// How far a group's share strays from the level, as a part of the range, to either side.
  static let spread = 0.2

  func point(_ index: Int, using generator: inout SeededGenerator) -> PlanSpace.Point {
    var shift = SeededGenerator(seed: space.seed, stream: "design")
    let offset = shift.uniform()
    let first = shift.integer(below: space.space.choices.count)
    let position = (Self.radicalInverse(index + 1) + offset).truncatingRemainder(dividingBy: 1)
    let shares = (0..<space.dimensions).map { dimension in
      let stray = space.dimensions > 1 ? stray(dimension, generator.uniform() * 2 - 1) * Self.spread : 0
      return space.share(at: min(max(position + stray, 0), 1))
    }
    let (criteria, granularities) = (space.space.choices.count, space.space.granularities.count)
    var point = PlanSpace.Point(categories: Array(repeating: 0, count: space.counts.count), shares: shares)
    point[.criterion] = (first + index) % criteria
    point[.granularity] = (index / criteria + index) % granularities
    for category in space.extraCategories { point[category] = entry(index, of: category) }
    return space.repaired(point)
  }

  /// In -1...1: half of it chance, half what the scan says, where there is one.
  private func stray(_ dimension: Int, _ chance: Double) -> Double {
    guard !tolerance.isEmpty else { return chance }
    return ((tolerance[space.groupNames[dimension]] ?? 0) + chance) / 2
  }

  private func entry(_ index: Int, of category: PlanCategory) -> Int {
    let count = space.counts[category.rawValue]
    var generator = SeededGenerator(seed: space.seed, stream: "design/\(category)/\(index / count)")
    return generator.shuffled(0..<count)[index % count]
  }

  /// Groups by what the scan says of them: -1 for the one whose cuts cost most of the accuracy, 1 for the one whose cost least,
  /// in equal steps by rank; ties go by the loss, then by name. Ranks, since one bad group would else push all others together.
  static func tolerance(_ scan: SensitivityScan) -> [String: Double] {
    var costs: [String: (accuracy: Double, loss: Double, count: Double)] = [:]
    for entry in scan.entries {
      let sum = costs[entry.group] ?? (0, 0, 0)
      let loss = entry.loss.isFinite ? entry.loss : Double.greatestFiniteMagnitude / 1e6
      costs[entry.group] = (sum.accuracy + entry.accuracy, sum.loss + loss, sum.count + 1)
    }
    let ranked = costs.sorted { a, b in
      let (first, second) = (a.value, b.value)
      let left = (first.accuracy / first.count, -first.loss / first.count, b.key)
      let right = (second.accuracy / second.count, -second.loss / second.count, a.key)
      return left < right
    }
    guard ranked.count > 1 else { return ranked.isEmpty ? [:] : [ranked[0].key: 0] }
    let steps = Double(ranked.count - 1)
    return Dictionary(
      uniqueKeysWithValues: ranked.enumerated().map { ($1.key, 2 * Double($0) / steps - 1) })
  }

  /// The digits of `index` in base 2, mirrored at the point.
  static func radicalInverse(_ index: Int) -> Double {
    var (rest, weight, value) = (index, 0.5, 0.0)
    while rest > 0 {
      if rest & 1 == 1 { value += weight }
      rest >>= 1
      weight /= 2
    }
    return value
  }
}
