/// The positions that a Slice takes on each axis of its data: `count` of them from `start` on, `step` apart.
package struct SlicePositions: Sendable, Hashable {
  package struct Run: Sendable, Hashable {
    package var start: Int
    package var step: Int
    package var count: Int

    /// The positions in the order of the result.
    package var positions: [Int] { (0..<count).map { start + $0 * step } }
  }

  /// One for each axis of the data.
  package var runs: [Run]

  package var shape: [Int] { runs.map(\.count) }

  /// Negative starts and ends count from the end; a start outside is moved onto the axis, an end to just beside it.
  package init(shape: [Int], starts: [Int], ends: [Int], axes: [Int]?, steps: [Int]?) throws {
    let axes = try AxisRules.normalized(axes ?? Array(starts.indices), rank: shape.count)
    let steps = steps ?? Array(repeating: 1, count: axes.count)
    guard starts.count == axes.count, ends.count == axes.count, steps.count == axes.count else {
      let counts = "\(starts.count) starts, \(ends.count) ends and \(steps.count) steps"
      throw ShapeMisfit("has \(counts) for \(axes.count) axes")
    }
    runs = shape.map { Run(start: 0, step: 1, count: $0) }
    for (position, axis) in axes.enumerated() {
      runs[axis] = try Self.run(
        size: shape[axis], start: starts[position], end: ends[position], step: steps[position])
    }
  }

  private static func run(size: Int, start: Int, end: Int, step: Int) throws -> Run {
    guard step != 0 else { throw ShapeMisfit("has a step of 0") }
    // Beyond the axis itself a step changes nothing, so it is kept small enough to multiply.
    let stride = min(step.magnitude, UInt(size) + 1)
    let width = max(Int(stride), 1)
    let first = start < 0 ? start + size : start
    let last = end < 0 ? end + size : end
    if step > 0 {
      let from = min(max(first, 0), size)
      let to = min(max(last, 0), size)
      return Run(start: from, step: width, count: to > from ? (to - from - 1) / width + 1 : 0)
    }
    let from = min(max(first, 0), size - 1)
    let to = min(max(last, -1), size - 1)
    return Run(start: max(from, 0), step: -width, count: from > to ? (from - to - 1) / width + 1 : 0)
  }
}
