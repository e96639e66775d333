import Search
import Support
import TestSupport
import Testing

@Suite struct ParetoFrontTests {
  /// Points on a coarse grid, so that equal points and equal coordinates are frequent.
  static func points(_ count: Int, dimensions: Int, levels: Int, seed: UInt64) -> [[Double]] {
    var generator = SeededGenerator(seed: seed, stream: "points/\(count)/\(dimensions)/\(levels)")
    return (0..<count).map { _ in (0..<dimensions).map { _ in Double(generator.integer(below: levels)) } }
  }

  /// The definition: take away the non-dominated points, again and again.
  static func peeled(_ points: [[Double]]) -> [Int] {
    func dominates(_ a: [Double], _ b: [Double]) -> Bool {
      zip(a, b).allSatisfy { $0 <= $1 } && zip(a, b).contains { $0 < $1 }
    }
    var ranks = [Int](repeating: -1, count: points.count)
    var rank = 0
    while ranks.contains(-1) {
      let open = points.indices.filter { ranks[$0] == -1 }
      let front = open.filter { index in !open.contains { dominates(points[$0], points[index]) } }
      for index in front { ranks[index] = rank }
      rank += 1
    }
    return ranks
  }

  @Test(arguments: 1...5, [3, 8, 1000])
  func ranksAreThePeeledFronts(dimensions: Int, levels: Int) {
    for seed in 0..<20 as Range<UInt64> {
      let points = Self.points(Int(seed) * 4, dimensions: dimensions, levels: levels, seed: seed)
      #expect(ParetoFront.ranks(points) == Self.peeled(points))
    }
  }

  @Test func ranksDoNotDependOnTheOrder() {
    let points = Self.points(60, dimensions: 3, levels: 5, seed: 1)
    var generator = SeededGenerator(seed: 2)
    let order = points.indices.shuffled(using: &generator)
    let (ranks, shuffled) = (ParetoFront.ranks(points), ParetoFront.ranks(order.map { points[$0] }))
    #expect(order.map { ranks[$0] } == shuffled)
  }

  @Test func infinitiesAreComparable() {
    #expect(ParetoFront.ranks([[.infinity, 0], [0, 0], [0, .infinity], [-.infinity, 5]]) == [1, 0, 1, 0])
  }

  @Test func manyPointsSortQuickly() {
    let points = Self.points(20_000, dimensions: 2, levels: 1_000_000, seed: 3)
    let time = processorTime { _ = ParetoFront.ranks(points) }
    #expect(time < 20)
    #expect(ParetoFront.indices(points).count > 1)
  }

  @Test func crowdingIsDebsByHand() {
    // Extents 4 and 8: the middle points get the gaps of their neighbours in both coordinates.
    let points: [[Double]] = [[0, 8], [1, 4], [2, 3], [4, 0]]
    #expect(ParetoFront.crowdingDistances(points) == [.infinity, 2.0 / 4 + 5.0 / 8, 3.0 / 4 + 4.0 / 8, .infinity])
  }

  @Test func crowdingOfEqualPointsAndOfNone() {
    #expect(ParetoFront.crowdingDistances([]) == [])
    #expect(ParetoFront.crowdingDistances([[1, 1], [1, 1]]) == [.infinity, 0])
    #expect(ParetoFront.crowdingDistances([[0, 2], [1, 1], [1, 1], [2, 0]]) == [.infinity, 2, 0, .infinity])
  }

  @Test func crowdingDoesNotDependOnOrderNorOnUnits() {
    let points = Self.points(40, dimensions: 3, levels: 6, seed: 4)
    var generator = SeededGenerator(seed: 5)
    let order = points.indices.shuffled(using: &generator)
    let plain = ParetoFront.crowdingDistances(points).sorted()
    #expect(ParetoFront.crowdingDistances(order.map { points[$0] }).sorted() == plain)
    let scaled = points.map { [$0[0] * 1024, $0[1] / 8, $0[2]] }
    #expect(ParetoFront.crowdingDistances(scaled).sorted() == plain)
  }

  @Test(arguments: [[], [7], [3, 19, 0]]) func spreadOrderTakesTheFarthestEachTime(led: [Int]) {
    let points = Self.points(25, dimensions: 2, levels: 1000, seed: 6)
    let order = ParetoFront.spreadOrder(points, taken: led)
    #expect(order.sorted() == Array(points.indices))
    #expect(Array(order.prefix(led.count)) == led)
    if led.isEmpty { #expect(points[order[0]][0] == points.map { $0[0] }.min()) }
    let extents = (0..<2).map { d in points.map { $0[d] }.max()! - points.map { $0[d] }.min()! }
    func gap(_ index: Int, _ taken: ArraySlice<Int>) -> Double {
      taken.map { other in
        (0..<2).reduce(0) { sum, d in
          let difference = (points[index][d] - points[other][d]) / extents[d]
          return sum + difference * difference
        }
      }.min()!
    }
    for place in max(1, led.count)..<order.count {
      let taken = order[..<place]
      let farthest = points.indices.filter { !taken.contains($0) }.map { gap($0, taken) }.max()!
      #expect(abs(gap(order[place], taken) - farthest) < 1e-12)
    }
  }
}
