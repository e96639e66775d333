/// Sizes and scales of a Resize on every axis of its data, from either of them and for some axes only.
package struct ResizeGeometry: Sendable, Hashable {
  package var sizes: [Int]
  /// Output size over input size as the sampling takes it: what was given, else the quotient of the sizes.
  package var scales: [Double]

  /// `region` holds starts, then ends, in shares of each axis; it counts only where the coordinates crop.
  package init(
    _ attributes: Resize, shape: [Int], region: [Float]?, scales given: [Float]?, sizes wanted: [Int]?
  ) throws {
    let axes = try AxisRules.normalized(attributes.axes ?? Array(shape.indices), rank: shape.count)
    sizes = shape
    scales = Array(repeating: 1, count: shape.count)
    if let given {
      guard wanted == nil else { throw ShapeMisfit("is given both scales and sizes") }
      guard given.count == axes.count else {
        throw ShapeMisfit("has \(given.count) scales for \(axes.count) axes")
      }
      for (position, axis) in axes.enumerated() {
        let scale = given[position]
        guard scale > 0, scale.isFinite else { throw ShapeMisfit("has the scale \(scale)") }
        var extent = Float(shape[axis])
        if attributes.coordinates == .cropAndResize, let region, region.count == 2 * axes.count {
          extent *= region[axes.count + position] - region[position]
        }
        let size = (extent * scale).rounded(.down)
        guard size >= 0, size <= Float(ShapeBounds.axisLimit) else {
          throw ShapeMisfit("scales axis \(axis) by \(scale)")
        }
        sizes[axis] = Int(size)
        scales[axis] = Double(scale)
      }
      return
    }
    guard let wanted else { throw ShapeMisfit("has neither scales nor sizes") }
    guard wanted.count == axes.count else { throw ShapeMisfit("has \(wanted.count) sizes for \(axes.count) axes") }
    for (position, axis) in axes.enumerated() {
      sizes[axis] = try ShapeBounds.checked(wanted[position], in: 0...ShapeBounds.axisLimit, "size")
      scales[axis] = shape[axis] == 0 ? 1 : Double(sizes[axis]) / Double(shape[axis])
    }
    guard attributes.aspectRatio != .stretch, !axes.isEmpty else { return }
    let quotients = axes.map { scales[$0] }
    let common = (attributes.aspectRatio == .notLarger ? quotients.min() : quotients.max()) ?? 1
    for axis in axes {
      // Halves go up.
      let size = (common * Double(shape[axis]) + 0.5).rounded(.down)
      guard size <= Double(ShapeBounds.axisLimit) else { throw ShapeMisfit("scales axis \(axis) by \(common)") }
      sizes[axis] = Int(size)
      scales[axis] = common
    }
  }
}
