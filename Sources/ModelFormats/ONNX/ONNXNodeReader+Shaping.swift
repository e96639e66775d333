import Foundation
import ModelGraph

// Operators that move values about, and reductions.
extension ONNXNodeReader {
  mutating func slice() throws -> Operator {
    try requireInputs(1...5)
    let starts: [Int]
    let ends: [Int]
    let axes: [Int]?
    let steps: [Int]?
    let anything = Int.min...Int.max
    if opset < 10 {
      guard let first = try integers("starts", in: anything), let last = try integers("ends", in: anything) else {
        throw failure(.malformed, "has no 'starts' or no 'ends'")
      }
      (starts, ends, axes, steps) = (first, last, try integers("axes", in: anything), nil)
    } else {
      guard let first = try integers(input: 1, "starts"), let last = try integers(input: 2, "ends") else {
        throw failure(.malformed, "has no 'starts' or no 'ends'")
      }
      (starts, ends) = (first, last)
      (axes, steps) = (try integers(input: 3, "axes"), try integers(input: 4, "steps"))
    }
    // The largest integers mean "to the end"; beyond 32 bits a sum with an axis's size could overflow.
    let limit = Int(Int32.max)
    func clamped(_ values: [Int]) -> [Int] { values.map { min(max($0, -limit), limit) } }
    let slice = Slice(
      axes: axes ?? Array(starts.indices), starts: clamped(starts), ends: clamped(ends),
      steps: clamped(steps ?? starts.map { _ in 1 }))
    guard [slice.starts.count, slice.ends.count, slice.steps.count].allSatisfy({ $0 == slice.axes.count }) else {
      throw failure(.malformed, "has \(starts.count) starts, \(ends.count) ends and \(slice.axes.count) axes")
    }
    guard slice.steps.allSatisfy({ $0 > 0 }) else {
      throw failure(.unsupportedForm, "has the steps \(slice.steps); only positive ones are supported")
    }
    try requireDistinct(slice.axes)
    return .slice(slice)
  }

  mutating func pad() throws -> Operator {
    try requireInputs(1...4)
    let mode = try string("mode", default: "constant")
    guard mode == "constant" else {
      throw failure(.unsupportedForm, "pads in the mode '\(mode)'; only constant padding is supported")
    }
    let range = -Self.largestSize...Self.largestSize
    var amounts: [Int]
    var value: Float = 0
    var axes: [Int]?
    if opset < 11 {
      amounts = try integers("pads", in: range) ?? []
      value = Float(try decimal("value", default: 0))
    } else {
      amounts = try integers(input: 1, "pads") ?? []
      value = try float(input: 2, "value") ?? 0
      axes = try integers(input: 3, "axes")
    }
    guard amounts.allSatisfy(range.contains), amounts.count % 2 == 0, !amounts.isEmpty, value.isFinite else {
      throw failure(.malformed, "has the pads \(amounts.prefix(8)) with the value \(value)")
    }
    let half = amounts.count / 2
    if let given = axes {
      guard let rank = shape(0)?.count, given.count == half else {
        throw failure(
          .unsupportedForm, "pads \(given.count) axes of an input whose rank is not known, by \(half) pairs")
      }
      try requireDistinct(given)
      var all = Array(repeating: 0, count: 2 * rank)
      for (position, axis) in given.enumerated() {
        let axis = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(axis) else { throw failure(.malformed, "pads axis \(axis) of \(rank)") }
        all[axis] = amounts[position]
        all[rank + axis] = amounts[half + position]
      }
      amounts = all
    }
    let middle = amounts.count / 2
    return .pad(Pad(before: Array(amounts[..<middle]), after: Array(amounts[middle...]), value: value))
  }

  mutating func reduceMean() throws -> Operator {
    try requireInputs(1...2)
    let keepsAxes = try integer("keepdims", default: 1) != 0
    let doesNothing = try integer("noop_with_empty_axes", default: 0) != 0
    let anything = Int.min...Int.max
    let attribute = try integers("axes", in: anything)
    let axes = try attribute ?? integers(input: 1, "axes") ?? []
    guard axes.isEmpty else {
      try requireDistinct(axes)
      return .reduceMean(axes: axes, keepsAxes: keepsAxes)
    }
    if doesNothing { return .identity }
    guard let rank = shape(0)?.count else {
      throw failure(.unsupportedForm, "averages over all axes of an input whose rank is not known")
    }
    return .reduceMean(axes: Array(0..<rank), keepsAxes: keepsAxes)
  }

  /// Before operator set 13 softmax runs over all axes from `axis` on together: ours only where that is one axis.
  mutating func softmax() throws -> Operator {
    try requireInputs(1...1)
    let axis = try integer("axis", default: opset < 13 ? 1 : -1)
    if opset < 13, axis != -1 {
      guard let shape = shape(0), axis == shape.count - 1 || (sizesAreKnown && trailingSizes(shape, axis) == 1) else {
        throw failure(
          .unsupportedForm, "runs over all axes from \(axis) on together",
          remedy: "Export the network with operator set 13 or newer.")
      }
    }
    return .softmax(axis: axis)
  }

  private func trailingSizes(_ shape: [Int], _ axis: Int) -> Int? {
    let axis = axis < 0 ? axis + shape.count : axis
    guard (0..<shape.count).contains(axis) else { return nil }
    return shape[(axis + 1)...].reduce(1, *)
  }

  mutating func flatten() throws -> Operator {
    try requireInputs(1...1)
    return .flatten(axis: try integer("axis", default: 1))
  }

  mutating func concat() throws -> Operator {
    try requireInputs(1...Self.largestSize)
    guard !inputs.contains("") else { throw failure(.malformed, "joins an absent input") }
    return .concat(axis: try integer("axis"))
  }

  /// A reshape to `[N, everything else]` is a flatten; others are not supported.
  mutating func reshape() throws -> Operator {
    try requireInputs(2...2)
    let zeroMeansZero = try integer("allowzero", default: 0) != 0
    guard let target = try integers(input: 1, "shape") else { throw failure(.malformed, "has no shape") }
    let refusal = failure(
      .unsupportedForm, "reshapes \(shape(0).map { "\($0)" } ?? "an unknown shape") to \(target.prefix(8))",
      remedy: "Only reshapes that flatten all axes but the first are supported; use torch.flatten(x, 1).")
    guard target.count == 2, !(zeroMeansZero && target.contains(0)) else { throw refusal }
    if target == [0, -1] { return .flatten(axis: 1) }
    guard let source = shape(0), !source.isEmpty, sizesAreKnown else { throw refusal }
    let (first, rest) = (source[0], source[1...].reduce(1, *))
    let keepsFirst = target[0] == first || target[0] == 0 || (target[0] == -1 && target[1] == rest)
    let joinsRest = target[1] == rest || (target[1] == -1 && target[0] != -1)
    guard keepsFirst, joinsRest else { throw refusal }
    return .flatten(axis: 1)
  }

  /// The constant under another shape, when the input and the shape are constants.
  mutating func reshapedConstant() throws -> TensorData? {
    guard let data = constant(0), hasInput(1), constant(1) != nil, let target = try integers(input: 1, "shape") else {
      return nil
    }
    let zeroMeansZero = try integer("allowzero", default: 0) != 0
    var shape = target.enumerated().map { position, size in
      size == 0 && !zeroMeansZero && position < data.shape.count ? data.shape[position] : size
    }
    if let open = shape.firstIndex(of: -1), let others = TensorData.checkedElementCount(of: shape.filter { $0 != -1 }),
      others > 0
    {
      shape[open] = data.elementCount / others
    }
    guard TensorData.checkedElementCount(of: shape) == data.elementCount else {
      throw failure(.malformed, "reshapes \(data.shape) to \(target.prefix(8))")
    }
    return data.reshaped(to: shape)
  }

  private func requireDistinct(_ axes: [Int]) throws {
    let rank = shape(0)?.count
    let normalized = axes.map { axis in axis < 0 ? axis &+ (rank ?? 0) : axis }
    guard Set(normalized).count == axes.count, rank.map({ rank in normalized.allSatisfy((0..<rank).contains) }) ?? true
    else { throw failure(.malformed, "names the axes \(axes.prefix(8)) of an input with \(rank ?? 0)") }
  }
}
