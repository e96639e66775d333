import Foundation
import StudyModel
import Support

/// Crossover and mutation of points, within the space's range.
package struct Variation: Sendable {
  private let space: PlanSpace
  private let categories: [PlanCategory]
  static let crossoverProbability = 0.9
  static let crossoverEta = 15.0
  static let mutationEta = 20.0

  package init(space: PlanSpace) {
    self.space = space
    categories = PlanCategory.always + space.extraCategories
  }

  /// One child; each share mutates with probability 1 / n, each category with 1 over the number of all that varies.
  package func child(_ mother: PlanSpace.Point, _ father: PlanSpace.Point, using generator: inout SeededGenerator)
    -> PlanSpace.Point
  {
    var child = mother
    if generator.uniform() < Self.crossoverProbability {
      for index in child.shares.indices {
        // Always two numbers, so that the sequence does not depend on the parents.
        let (chance, draw) = (generator.uniform(), generator.uniform())
        let other = father.shares[index]
        if chance < 0.5 {
          child.shares[index] = space.space.shares == nil ? crossed(mother.shares[index], other, draw) : other
        }
      }
      for category in categories where generator.uniform() < 0.5 { child[category] = father[category] }
    }
    for index in child.shares.indices {
      let (chance, draw) = (generator.uniform(), generator.uniform())
      guard chance * Double(child.shares.count) < 1 else { continue }
      // A small step between the shares of a list would lead back to where it began.
      child.shares[index] = space.space.shares == nil ? mutated(child.shares[index], draw) : space.share(at: draw)
    }
    let categoryChance = 1 / Double(child.shares.count + categories.count)
    let fresh = space.randomPoint(using: &generator)
    for category in categories where generator.uniform() < categoryChance { child[category] = fresh[category] }
    return space.repaired(child)
  }

  /// Simulated binary crossover within bounds (Deb and Agrawal 1995): the child on the mother's side of the pair.
  package func crossed(_ mother: Double, _ father: Double, _ draw: Double) -> Double {
    let (low, high) = (min(mother, father), max(mother, father))
    guard high - low > 1e-9 else { return mother }
    let range = space.range
    let isLower = mother == low
    let room = isLower ? low - range.lowerBound : range.upperBound - high
    let beta = 1 + 2 * room / (high - low)
    let alpha = 2 - pow(beta, -(Self.crossoverEta + 1))
    let base = draw <= 1 / alpha ? draw * alpha : 1 / (2 - draw * alpha)
    let spread = pow(base, 1 / (Self.crossoverEta + 1)) * (high - low)
    let child = 0.5 * (low + high + (isLower ? -spread : spread))
    return min(max(child, range.lowerBound), range.upperBound)
  }

  /// Polynomial mutation within bounds (Deb and Goyal 1996).
  package func mutated(_ share: Double, _ draw: Double) -> Double {
    let range = space.range
    let width = range.upperBound - range.lowerBound
    guard width > 0 else { return share }
    let exponent = Self.mutationEta + 1
    let delta: Double
    if draw < 0.5 {
      let room = 1 - (share - range.lowerBound) / width
      delta = pow(2 * draw + (1 - 2 * draw) * pow(room, exponent), 1 / exponent) - 1
    } else {
      let room = 1 - (range.upperBound - share) / width
      delta = 1 - pow(2 * (1 - draw) + 2 * (draw - 0.5) * pow(room, exponent), 1 / exponent)
    }
    return min(max(share + delta * width, range.lowerBound), range.upperBound)
  }
}
