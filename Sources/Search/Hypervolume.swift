/// The volume that points dominate below a reference point, all coordinates minimised; exact.
package enum Hypervolume {
  /// Points that are not better than the reference in every coordinate add nothing, nor do dominated ones.
  ///
  /// O(n log n) in two dimensions. In three, a sweep along the last coordinate over a sorted staircase: O(n log n)
  /// comparisons, with array moves that are O(n^2) at worst. In d > 3 dimensions hypervolume by slicing objectives
  /// (While and others 2006), O(n^(d - 2)) sweeps at worst: meant for fronts of some hundreds.
  package static func exact(_ points: [[Double]], reference: [Double]) -> Double {
    let inside = points.filter { point in
      precondition(point.count == reference.count, "points and reference must have the same dimensions")
      return zip(point, reference).allSatisfy { $0 < $1 }
    }
    guard !inside.isEmpty, !reference.isEmpty else { return 0 }
    return volume(inside, reference[...])
  }

  private static func volume(_ points: [[Double]], _ reference: ArraySlice<Double>) -> Double {
    switch reference.count {
    case 1: return reference[0] - (points.map { $0[0] }.min() ?? reference[0])
    case 2:
      var stairs = Staircase(reference: (reference[0], reference[1]))
      for point in points { stairs.insert(point[0], point[1]) }
      return stairs.area
    case 3: return sweep(points, reference)
    default: return slices(points, reference)
    }
  }

  private static func sweep(_ points: [[Double]], _ reference: ArraySlice<Double>) -> Double {
    let sorted = points.sorted { $0[2] < $1[2] }
    var stairs = Staircase(reference: (reference[0], reference[1]))
    var volume = 0.0
    for (place, point) in sorted.enumerated() {
      stairs.insert(point[0], point[1])
      let next = place + 1 < sorted.count ? sorted[place + 1][2] : reference[2]
      volume += stairs.area * (next - point[2])
    }
    return volume
  }

  private static func slices(_ points: [[Double]], _ reference: ArraySlice<Double>) -> Double {
    let last = reference.count - 1
    let sorted = points.sorted { $0[last] < $1[last] }
    var total = 0.0
    for place in sorted.indices {
      let next = place + 1 < sorted.count ? sorted[place + 1][last] : reference[last]
      guard next > sorted[place][last] else { continue }
      let below = sorted[...place].map { Array($0[..<last]) }
      let front = ParetoFront.indices(below).map { below[$0] }
      total += volume(front, reference.dropLast()) * (next - sorted[place][last])
    }
    return total
  }

  /// The non-dominated points of a plane, x rising and y falling, with the area that they dominate.
  private struct Staircase {
    let reference: (x: Double, y: Double)
    private var steps: [(x: Double, y: Double)] = []
    private(set) var area = 0.0

    init(reference: (Double, Double)) { self.reference = reference }

    mutating func insert(_ x: Double, _ y: Double) {
      var (low, high) = (0, steps.count)
      while low < high {
        let middle = (low + high) / 2
        if steps[middle].x < x { low = middle + 1 } else { high = middle }
      }
      if low > 0, steps[low - 1].y <= y { return }
      if low < steps.count, steps[low].x == x, steps[low].y <= y { return }
      // Between x and the first step that stays, the area grows from each old level down to y.
      var level = low > 0 ? steps[low - 1].y : reference.y
      var from = x
      var end = low
      while end < steps.count, steps[end].y >= y {
        area += (steps[end].x - from) * (level - y)
        (level, from) = (steps[end].y, steps[end].x)
        end += 1
      }
      area += ((end < steps.count ? steps[end].x : reference.x) - from) * (level - y)
      steps.replaceSubrange(low..<end, with: [(x, y)])
    }
  }
}
