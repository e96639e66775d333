import ModelGraph
import Tensors

/// Pooling over 1, 2 or 3 spatial axes of known sizes with ONNX's freedom: a border of any amount on each side, rules for
/// it, dilations, sizes that round up.
///
/// The border is made explicitly, as far as the windows reach; it is cut where no window covers the last elements. One
/// spatial axis goes through libtorch's pooling of two, which knows more types.
struct PoolingWindow {
  private let geometry: WindowGeometry
  private let sizes: [Int]
  /// Border before and after `[N, C, spatial...]`.
  private let before: [Int]
  private let after: [Int]

  init(_ pooling: Pooling, over x: Tensor) throws {
    sizes = x.spatialShape
    guard (1...3).contains(sizes.count) else {
      throw ShapeMisfit("pools over \(sizes.count) spatial axes; pooling runs over 1, 2 or 3")
    }
    geometry = try WindowGeometry.sliding(
      over: sizes, kernel: pooling.kernel, strides: pooling.strides, dilations: pooling.dilations,
      padding: pooling.padding, ceilMode: pooling.ceilMode)
    before = [0, 0] + geometry.before
    var trailing = [0, 0]
    for axis in sizes.indices {
      let span = geometry.dilations[axis] * (geometry.kernel[axis] - 1) + 1
      trailing.append((geometry.output[axis] - 1) * geometry.strides[axis] + span - sizes[axis] - geometry.before[axis])
    }
    after = trailing
  }

  func maximum(_ x: Tensor) throws -> Tensor {
    let padded = try bordered(x)
    let result = try ATenOperator.maximum(axes: rank).one(
      .tensor(padded), lifted(geometry.kernel, 1), lifted(geometry.strides, 1), lifted([], 0),
      lifted(geometry.dilations, 1))
    return try lowered(result)
  }

  /// Positions count through the whole of x, with the last axis fastest, or in column-major order the first spatial one.
  func maximumWithIndices(_ x: Tensor, columnMajor: Bool) throws -> (values: Tensor, indices: Tensor) {
    let padded = try bordered(x)
    let results = try ATenOperator.maximumWithIndices(axes: rank)(
      .tensor(padded), lifted(geometry.kernel, 1), lifted(geometry.strides, 1), lifted([], 0),
      lifted(geometry.dilations, 1))
    guard results.count == 2 else { throw ShapeMisfit("pools without indices") }
    let values = try lowered(results[0])
    // A position inside a padded image becomes coordinates, and those a position in x.
    var rest = try lowered(results[1])
    let paddedSizes = sizes.indices.map { sizes[$0] + before[$0 + 2] + after[$0 + 2] }
    var coordinates: [Tensor] = []
    for axis in sizes.indices.reversed() {
      let quotient = try ATenOperator.divide.one(.tensor(rest), .integer(paddedSizes[axis]), "floor")
      let coordinate = try rest.sub(quotient.mul(Double(paddedSizes[axis]))).sub(Double(before[axis + 2]))
      coordinates.insert(coordinate, at: 0)
      rest = quotient
    }
    let order = columnMajor ? Array(sizes.indices.reversed()) : Array(sizes.indices)
    var position = try Tensor.arange(0..<(x.size(0) * x.size(1)), device: x.device)
      .reshape([x.size(0), x.size(1)] + sizes.map { _ in 1 })
    for axis in order { position = try position.mul(Double(sizes[axis])).add(coordinates[axis]) }
    return (values, position)
  }

  /// Padding counts as zeros where `countsPadding`; what rounding up reaches beyond it never counts.
  func average(_ x: Tensor, countsPadding: Bool) throws -> Tensor {
    let padded = try lift(x.pad(before: before, after: after))
    let sums: Tensor
    if geometry.dilations.allSatisfy({ $0 == 1 }) {
      sums = try ATenOperator.average(axes: rank).one(
        .tensor(padded), lifted(geometry.kernel, 1), lifted(geometry.strides, 1), lifted([], 0), false, true, 1)
    } else {
      sums = try dilatedSums(padded)
    }
    return try lowered(sums).div(counts(countsPadding: countsPadding, like: x))
  }

  /// A convolution of each channel with ones.
  private func dilatedSums(_ padded: Tensor) throws -> Tensor {
    let shape = padded.shape
    guard let convolution = ATenOperator.convolution(axes: rank) else { throw ShapeMisfit("has too many axes") }
    let kernel = rank > sizes.count ? [1] + geometry.kernel : geometry.kernel
    let result = try convolution.one(
      .tensor(padded.reshape([shape[0] * shape[1], 1] + shape[2...])),
      .tensor(Tensor.ones([1, 1] + kernel, type: padded.type, device: padded.device)), nil,
      lifted(geometry.strides, 1), lifted([], 0), lifted(geometry.dilations, 1))
    return try result.reshape(Array(shape[..<2]) + result.shape[2...])
  }

  /// How many elements each window averages over, `[output...]`: a product over the axes.
  private func counts(countsPadding: Bool, like x: Tensor) throws -> Tensor {
    var result = try Tensor.ones([], type: x.type, device: x.device)
    for axis in sizes.indices {
      let counted =
        countsPadding
        ? -geometry.before[axis]..<(sizes[axis] + max(geometry.after[axis], -sizes[axis])) : 0..<sizes[axis]
      let counts = (0..<geometry.output[axis]).map { window in
        let start = window * geometry.strides[axis] - geometry.before[axis]
        let taps = (0..<geometry.kernel[axis]).count { counted.contains(start + $0 * geometry.dilations[axis]) }
        return Float(max(taps, 1))
      }
      let vector = try Tensor(floats: counts, shape: [counts.count], device: x.device).to(x.type)
      result = try result.reshape(result.shape + [1]).mul(vector)
    }
    return result
  }

  /// With a border that never wins.
  private func bordered(_ x: Tensor) throws -> Tensor {
    guard (before + after).contains(where: { $0 != 0 }) else { return try lift(x) }
    let least = x.type.integerRange.map { Double($0.least) } ?? -.infinity
    return try lift(x.pad(before: before, after: after, value: least))
  }

  // MARK: One spatial axis as two

  private var rank: Int { max(sizes.count, 2) }

  private func lift(_ x: Tensor) throws -> Tensor {
    guard sizes.count == 1 else { return x }
    return try x.reshape([x.size(0), x.size(1), 1, x.size(2)])
  }

  private func lifted(_ values: [Int], _ neutral: Int) -> ATenArgument {
    .integers(Array(repeating: neutral, count: rank - values.count) + values)
  }

  private func lowered(_ x: Tensor) throws -> Tensor {
    guard sizes.count == 1 else { return x }
    return try x.reshape([x.size(0), x.size(1), x.size(3)])
  }
}

extension ATenOperator {
  private static let maximum2D = ATenOperator("aten::max_pool2d")
  private static let maximum3D = ATenOperator("aten::max_pool3d")
  private static let indexed2D = ATenOperator("aten::max_pool2d_with_indices")
  private static let indexed3D = ATenOperator("aten::max_pool3d_with_indices")
  private static let average2D = ATenOperator("aten::avg_pool2d")
  private static let average3D = ATenOperator("aten::avg_pool3d")
  fileprivate static let divide = ATenOperator("aten::div", "Scalar_mode")

  fileprivate static func maximum(axes: Int) -> ATenOperator { axes == 2 ? maximum2D : maximum3D }
  fileprivate static func maximumWithIndices(axes: Int) -> ATenOperator { axes == 2 ? indexed2D : indexed3D }
  fileprivate static func average(axes: Int) -> ATenOperator { axes == 2 ? average2D : average3D }
}
