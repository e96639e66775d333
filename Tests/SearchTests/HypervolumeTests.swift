import Search
import Support
import Testing

@Suite struct HypervolumeTests {
  /// Counts the unit cells below the reference that some integer point dominates: exact.
  static func countedCells(_ points: [[Double]], side: Int, dimensions: Int) -> Int {
    var count = 0
    var cell = [Int](repeating: 0, count: dimensions)
    while true {
      if points.contains(where: { point in zip(point, cell).allSatisfy { $0 <= Double($1) } }) { count += 1 }
      var place = 0
      while place < dimensions, cell[place] == side - 1 {
        cell[place] = 0
        place += 1
      }
      if place == dimensions { return count }
      cell[place] += 1
    }
  }

  /// The union of boxes by inclusion and exclusion over all subsets.
  static func inclusionExclusion(_ points: [[Double]], _ reference: [Double]) -> Double {
    var total = 0.0
    for subset in 1..<(1 << points.count) {
      let members = points.indices.filter { subset >> $0 & 1 == 1 }.map { points[$0] }
      let volume = reference.indices.reduce(1.0) { product, d in
        product * max(0, reference[d] - members.map { $0[d] }.max()!)
      }
      total += members.count % 2 == 1 ? volume : -volume
    }
    return total
  }

  @Test(arguments: 1...4)
  func equalsTheNumberOfDominatedCells(dimensions: Int) {
    let side = dimensions == 4 ? 5 : 9
    for seed in 0..<25 as Range<UInt64> {
      let points = ParetoFrontTests.points(1 + Int(seed), dimensions: dimensions, levels: side + 2, seed: seed)
      let reference = [Double](repeating: Double(side), count: dimensions)
      let expected = Double(Self.countedCells(points, side: side, dimensions: dimensions))
      #expect(Hypervolume.exact(points, reference: reference) == expected)
    }
  }

  @Test(arguments: 2...5)
  func equalsInclusionAndExclusion(dimensions: Int) {
    var generator = SeededGenerator(seed: UInt64(dimensions), stream: "boxes")
    for _ in 0..<20 {
      let points = (0..<8).map { _ in (0..<dimensions).map { _ in generator.uniform() * 1.2 } }
      let reference = [Double](repeating: 1.1, count: dimensions)
      let difference =
        Hypervolume.exact(points, reference: reference) - Self.inclusionExclusion(points, reference)
      #expect(abs(difference) < 1e-12)
    }
  }

  @Test(arguments: 2...4)
  func orderDuplicatesAndDominatedPointsChangeNothing(dimensions: Int) {
    var generator = SeededGenerator(seed: 9, stream: "order/\(dimensions)")
    let points = (0..<30).map { _ in (0..<dimensions).map { _ in generator.uniform() } }
    let reference = [Double](repeating: 1, count: dimensions)
    let volume = Hypervolume.exact(points, reference: reference)
    let shuffled = (points + points).shuffled(using: &generator)
    #expect(abs(Hypervolume.exact(shuffled, reference: reference) - volume) < 1e-12)
    let front = ParetoFront.indices(points).map { points[$0] }
    #expect(abs(Hypervolume.exact(front, reference: reference) - volume) < 1e-12)
  }

  @Test func pointsOutsideTheReferenceAreIgnored() {
    let reference = [1.0, 1, 1]
    #expect(Hypervolume.exact([], reference: reference) == 0)
    #expect(Hypervolume.exact([[1, 0, 0], [0, 2, 0], [0, 0, 1]], reference: reference) == 0)
    #expect(Hypervolume.exact([[0.5, 0.5, 0.5], [2, -5, -5]], reference: reference) == 0.125)
    #expect(Hypervolume.exact([[.infinity, 0, 0], [0.5, 0, 0]], reference: reference) == 0.5)
  }

  @Test func aLargeFrontAgreesWithTheSlabsOfTheBall() {
    // Points on the unit sphere's octant towards the origin: the dominated share of the cube tends to the volume outside
    // the octant of the ball, 1 - pi / 6, from below.
    var points: [[Double]] = []
    let steps = 60
    for i in 0...steps {
      for j in 0...steps {
        let (x, y) = (Double(i) / Double(steps), Double(j) / Double(steps))
        let rest = 1 - x * x - y * y
        if rest >= 0 { points.append([x, y, rest.squareRoot()]) }
      }
    }
    let volume = Hypervolume.exact(points, reference: [1, 1, 1])
    #expect(volume < 1 - Double.pi / 6)
    #expect(volume > 1 - Double.pi / 6 - 0.03)
  }
}
