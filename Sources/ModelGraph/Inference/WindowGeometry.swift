/// Where the windows of a convolution or pooling lie: everything that a rule or a default left open, for each spatial axis.
package struct WindowGeometry: Sendable, Hashable {
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  /// Amounts of border before and after each axis.
  package var before: [Int]
  package var after: [Int]
  /// The number of windows along each axis.
  package var output: [Int]

  private static let limit = 1 << 30

  /// Of a sliding window over the spatial sizes `input`, for convolutions and pooling.
  package static func sliding(
    over input: [Int], kernel: [Int], strides: [Int], dilations: [Int], padding: Padding, ceilMode: Bool = false
  ) throws -> WindowGeometry {
    var result = try settled(
      axes: input.count, kernel: kernel, strides: strides, dilations: dilations, padding: padding)
    for axis in input.indices {
      let stride = result.strides[axis]
      let span = result.dilations[axis] * (result.kernel[axis] - 1) + 1
      switch padding.rule {
      case .sameUpper, .sameLower:
        let count = (input[axis] + stride - 1) / stride
        let total = max(0, (count - 1) * stride + span - input[axis])
        let smaller = total / 2
        result.before[axis] = padding.rule == .sameUpper ? smaller : total - smaller
        result.after[axis] = total - result.before[axis]
        result.output.append(count)
      case .explicit, .valid:
        let room = input[axis] + result.before[axis] + result.after[axis] - span
        guard room >= 0 else {
          throw ShapeMisfit("has a window of \(span) on an axis of \(input[axis]) with borders")
        }
        var count = (ceilMode ? (room + stride - 1) / stride : room / stride) + 1
        // The last window must start inside the input or its leading border.
        if ceilMode, (count - 1) * stride >= input[axis] + result.before[axis] { count -= 1 }
        result.output.append(count)
      }
    }
    return result
  }

  /// Of a transposed convolution: `output` are the result's spatial sizes; the borders are cut off it.
  package static func transposed(
    over input: [Int], kernel: [Int], strides: [Int], dilations: [Int], padding: Padding, outputPadding: [Int],
    outputShape: [Int]
  ) throws -> WindowGeometry {
    var result = try settled(
      axes: input.count, kernel: kernel, strides: strides, dilations: dilations, padding: padding)
    let extra = try values(outputPadding, axes: input.count, default: 0, in: 0...limit, "output padding")
    // Some exporters give the whole shape.
    var wanted = outputShape
    if wanted.count == input.count + 2 { wanted.removeFirst(2) }
    if !wanted.isEmpty { wanted = try values(wanted, axes: input.count, default: 0, in: 0...limit, "output shape") }
    for axis in input.indices {
      let span = result.dilations[axis] * (result.kernel[axis] - 1) + 1
      let whole = result.strides[axis] * (input[axis] - 1) + extra[axis] + span
      let size: Int
      let isRuled: Bool
      if !wanted.isEmpty {
        (size, isRuled) = (wanted[axis], true)
      } else if padding.rule == .sameUpper || padding.rule == .sameLower {
        (size, isRuled) = (input[axis] * result.strides[axis], true)
      } else {
        (size, isRuled) = (whole - result.before[axis] - result.after[axis], false)
      }
      if isRuled {
        // Negative where the result is larger than all windows reach: elements added at the end.
        let total = whole - size
        let smaller = total >= 0 ? total / 2 : 0
        let larger = total - smaller
        (result.before[axis], result.after[axis]) =
          padding.rule == .sameUpper || total < 0 ? (smaller, larger) : (larger, smaller)
      }
      guard size >= 0 else { throw ShapeMisfit("cuts more than everything off axis \(axis + 2)") }
      result.output.append(size)
    }
    return result
  }

  /// Kernel, strides and dilations in full and within limits, with explicit borders and no output yet.
  private static func settled(
    axes: Int, kernel: [Int], strides: [Int], dilations: [Int], padding: Padding
  ) throws -> WindowGeometry {
    guard kernel.count == axes else {
      throw ShapeMisfit("has a kernel of \(kernel.count) axes on an input of \(axes) spatial axes")
    }
    let isExplicit = padding.rule == .explicit
    return WindowGeometry(
      kernel: try values(kernel, axes: axes, default: 1, in: 1...limit, "kernel size"),
      strides: try values(strides, axes: axes, default: 1, in: 1...limit, "stride"),
      dilations: try values(dilations, axes: axes, default: 1, in: 1...limit, "dilation"),
      before: try values(isExplicit ? padding.before : [], axes: axes, default: 0, in: -limit...limit, "padding"),
      after: try values(isExplicit ? padding.after : [], axes: axes, default: 0, in: -limit...limit, "padding"),
      output: [])
  }

  private static func values(
    _ list: [Int], axes: Int, default fallback: Int, in limits: ClosedRange<Int>, _ name: String
  ) throws -> [Int] {
    guard !list.isEmpty else { return Array(repeating: fallback, count: axes) }
    guard list.count == axes else {
      throw ShapeMisfit("has \(list.count) values of \(name) for \(axes) spatial axes")
    }
    return try list.map { try ShapeBounds.checked($0, in: limits, name) }
  }
}
