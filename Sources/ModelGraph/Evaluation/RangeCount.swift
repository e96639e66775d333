/// How many numbers a Range makes, and which.
enum RangeCount {
  /// From start, limit and step; nil where the step is zero or the count beyond what a shape may hold.
  static func count(_ limits: [TensorData]) -> Int? {
    switch (limits[0].numbers, limits[1].numbers, limits[2].numbers) {
    case (.integers(let start), .integers(let end), .integers(let step)):
      guard let start = start.first, let end = end.first, let step = step.first, step != 0 else { return nil }
      let (distance, overflow) = end.subtractingReportingOverflow(start)
      guard !overflow else { return nil }
      guard distance != 0, (distance > 0) == (step > 0) else { return 0 }
      let count = (distance.magnitude - 1) / step.magnitude + 1
      return count <= ShapeBounds.axisLimit ? Int(count) : nil
    default:
      let values = limits.compactMap(\.doubleValues.first)
      guard values.count == 3, values[2] != 0 else { return nil }
      let count = ((values[1] - values[0]) / values[2]).rounded(.up)
      guard !count.isNaN, count <= Double(ShapeBounds.axisLimit) else { return nil }
      return max(0, Int(exactly: count) ?? 0)
    }
  }

  static func values(_ limits: [TensorData], count: Int) throws -> TensorData {
    switch (limits[0].numbers, limits[2].numbers) {
    case (.integers(let start), .integers(let step)):
      let (start, step) = (start.first ?? 0, step.first ?? 1)
      return try TensorData(
        limits[0].elementType, shape: [count], numbers: .integers((0..<count).map { start &+ Int64($0) &* step }))
    default:
      let (start, step) = (limits[0].doubleValues.first ?? 0, limits[2].doubleValues.first ?? 1)
      return try TensorData(
        limits[0].elementType, shape: [count], numbers: .doubles((0..<count).map { start + Double($0) * step }))
    }
  }
}
