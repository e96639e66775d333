/// Non-dominated sorting and crowding of points whose coordinates are all minimised and none of them NaN.
package enum ParetoFront {
  /// No worse in any coordinate and better in one; equal points do not dominate each other.
  package static func dominates(_ left: [Double], _ right: [Double]) -> Bool {
    var isBetter = false
    for (a, b) in zip(left, right) {
      if a > b { return false }
      if a < b { isBetter = true }
    }
    return isBetter
  }

  /// The rank of each point: 0 on the first front, 1 on the front that remains without it, and so on; equal points share
  /// a rank.
  ///
  /// O(n log n) in one or two dimensions; otherwise efficient non-dominated sorting with binary search (ENS-BS, Zhang and
  /// others 2015), O(n^2) comparisons at worst.
  package static func ranks(_ points: [[Double]]) -> [Int] {
    guard let dimensions = points.first?.count else { return [] }
    precondition(points.allSatisfy { $0.count == dimensions && !$0.contains { $0.isNaN } }, "points must be comparable")
    let order = points.indices.sorted { isBefore(points[$0], points[$1]) }
    var ranks = [Int](repeating: 0, count: points.count)
    var fronts = Fronts(dimensions: dimensions)
    var previous: Int?
    for index in order {
      // In this order only earlier points can dominate, and equal points are neighbours.
      if let previous, points[previous] == points[index] {
        ranks[index] = ranks[previous]
      } else {
        ranks[index] = fronts.insert(points[index])
      }
      previous = index
    }
    return ranks
  }

  /// The indices of the non-dominated points, ascending.
  package static func indices(_ points: [[Double]]) -> [Int] {
    zip(points.indices, ranks(points)).filter { $0.1 == 0 }.map(\.0)
  }

  /// Deb's crowding distance (2002), each coordinate divided by its extent: infinite at the extremes.
  ///
  /// It is computed over the distinct points, so that the order of the points does not matter; of equal points the first
  /// gets the distance and the others 0.
  package static func crowdingDistances(_ points: [[Double]]) -> [Double] {
    guard let dimensions = points.first?.count else { return [] }
    var distances = [Double](repeating: 0, count: points.count)
    var seen = Set<[Double]>()
    let distinct = points.indices.filter { seen.insert(points[$0]).inserted }
    for dimension in 0..<dimensions {
      let order = distinct.sorted {
        points[$0][dimension] == points[$1][dimension]
          ? isBefore(points[$0], points[$1]) : points[$0][dimension] < points[$1][dimension]
      }
      guard let first = order.first, let last = order.last else { continue }
      let extent = points[last][dimension] - points[first][dimension]
      distances[first] = .infinity
      distances[last] = .infinity
      guard extent > 0, extent.isFinite, order.count > 2 else { continue }
      for place in 1..<(order.count - 1) {
        distances[order[place]] += (points[order[place + 1]][dimension] - points[order[place - 1]][dimension]) / extent
      }
    }
    return distances
  }

  /// An order in which every prefix covers the points well: the best in coordinate 0 first, then always the point that
  /// is farthest from those taken (the epsilon-net of Clarkson, as multi-objective successive halving uses it).
  ///
  /// Coordinates are divided by their extent. Ties go to the earlier index. Those `taken` already lead, in their order,
  /// and the order ends after `limit`. O(n limit).
  package static func spreadOrder(_ points: [[Double]], taken: [Int] = [], limit: Int = .max) -> [Int] {
    guard let dimensions = points.first?.count else { return [] }
    let extents = (0..<dimensions).map { dimension in
      let values = points.map { $0[dimension] }
      let extent = (values.max() ?? 0) - (values.min() ?? 0)
      return extent > 0 && extent.isFinite ? extent : 1
    }
    func distance(_ left: Int, _ right: Int) -> Double {
      var sum = 0.0
      for dimension in 0..<dimensions {
        let difference = (points[left][dimension] - points[right][dimension]) / extents[dimension]
        sum += difference * difference
      }
      return sum
    }
    let led = Set(taken)
    var open = points.indices.filter { !led.contains($0) }
    var order = taken
    var gaps = points.indices.map { index in taken.map { distance(index, $0) }.min() ?? .infinity }
    while !open.isEmpty, order.count < limit {
      let place =
        order.isEmpty
        ? open.indices.min { isBefore(points[open[$0]], points[open[$1]]) }
        : open.indices.max { gaps[open[$0]] == gaps[open[$1]] ? $0 > $1 : gaps[open[$0]] < gaps[open[$1]] }
      let taken = open.remove(at: place ?? open.startIndex)
      order.append(taken)
      for index in open { gaps[index] = min(gaps[index], distance(index, taken)) }
    }
    return order
  }

  private static func isBefore(_ left: [Double], _ right: [Double]) -> Bool {
    left.lexicographicallyPrecedes(right)
  }

  /// The fronts so far, while points arrive in lexicographic order.
  private struct Fronts {
    let dimensions: Int
    private var members: [[[Double]]] = []
    /// The least last coordinate of each front: all that two dimensions need.
    private var lowest: [Double] = []

    init(dimensions: Int) { self.dimensions = dimensions }

    /// The first front that holds nothing that dominates the point. A front that does implies that all before it do.
    mutating func insert(_ point: [Double]) -> Int {
      let count = dimensions <= 2 ? lowest.count : members.count
      var (low, high) = (0, count)
      while low < high {
        let middle = (low + high) / 2
        if isDominated(point, in: middle) { low = middle + 1 } else { high = middle }
      }
      if dimensions <= 2 {
        let last = point.last ?? 0
        if low == lowest.count { lowest.append(last) } else { lowest[low] = min(lowest[low], last) }
      } else if low == members.count {
        members.append([point])
      } else {
        members[low].append(point)
      }
      return low
    }

    private func isDominated(_ point: [Double], in front: Int) -> Bool {
      if dimensions <= 2 { return lowest[front] <= point.last ?? 0 }
      // The latest members are the nearest in the first coordinate, and dominate most often.
      return members[front].reversed().contains { ParetoFront.dominates($0, point) }
    }
  }
}
