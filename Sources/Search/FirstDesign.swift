import StudyModel
import Support

/// The plans with which a search begins: criteria in turn, and levels of sparsity that cover their range evenly however
/// early the design is cut off (van der Corput's sequence, shifted by the seed); each group strays from its plan's level.
///
/// Independent shares would all have about the same mean, and leave out the smallest and the largest networks.
struct FirstDesign {
  let space: PlanSpace
  /// How far a group's share strays from the level, as a part of the range, to either side.
  static let spread = 0.2

  func point(_ index: Int, using generator: inout SeededGenerator) -> PlanSpace.Point {
    var shift = SeededGenerator(seed: space.seed, stream: "design")
    let offset = shift.uniform()
    let first = shift.integer(below: space.space.criteria.count)
    let width = space.range.upperBound - space.range.lowerBound
    let position = (Self.radicalInverse(index + 1) + offset).truncatingRemainder(dividingBy: 1)
    let shares = (0..<space.dimensions).map { _ in
      let stray = space.dimensions > 1 ? (generator.uniform() * 2 - 1) * Self.spread : 0
      return space.range.lowerBound + min(max(position + stray, 0), 1) * width
    }
    let (criteria, granularities) = (space.space.criteria, space.space.granularities)
    return PlanSpace.Point(
      criterion: criteria[(first + index) % criteria.count],
      granularity: granularities[(index / criteria.count + index) % granularities.count], shares: shares)
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
