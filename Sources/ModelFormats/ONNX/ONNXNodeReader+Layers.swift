import ModelGraph

// Convolution, normalisation and matrix products.
extension ONNXNodeReader {
  /// Sizes, strides and paddings beyond this are nonsense, and within it no sum or product of them overflows.
  static let largestSize = 1 << 24

  mutating func convolution() throws -> Operator {
    try requireInputs(2...3)
    guard let weight = shape(1) else {
      throw failure(.unsupportedForm, "has a weight whose shape is not known")
    }
    guard weight.count == 4 else {
      throw failure(
        .unsupportedForm, "is a \(weight.count - 2)-D convolution (weight \(weight)); only 2-D ones are supported")
    }
    let kernel = Array(weight[2...])
    if let declared = try pair("kernel_shape"), declared != kernel {
      throw failure(.malformed, "has a kernel_shape of \(declared) but a weight of shape \(weight)")
    }
    let strides = try pair("strides") ?? [1, 1]
    let dilations = try pair("dilations") ?? [1, 1]
    let groups = try integer("group", default: 1)
    guard (1...Self.largestSize).contains(groups) else { throw failure(.malformed, "has \(groups) groups") }
    let padding = try padding(kernel: kernel, strides: strides, dilations: dilations).amounts
    return .convolution(
      Convolution(kernel: kernel, strides: strides, padding: padding, dilations: dilations, groups: groups))
  }

  mutating func batchNormalization() throws -> Operator {
    try requireInputs(5...5)
    let epsilon = try decimal("epsilon", default: 1e-5)
    let kept = try decimal("momentum", default: 0.9)
    guard try integer("training_mode", default: 0) == 0, try integer("is_test", default: 1) == 1 else {
      throw failure(
        .unsupportedForm, "is in training mode", remedy: "Export the network in evaluation mode (model.eval()).")
    }
    guard try integer("spatial", default: 1) == 1 else {
      throw failure(.unsupportedForm, "normalises each position on its own (spatial = 0)")
    }
    return .batchNormalization(BatchNormalization(epsilon: epsilon, momentum: decimalValue(Float(1 - kept))))
  }

  mutating func gemm() throws -> Operator {
    try requireInputs(2...3)
    return .gemm(
      Gemm(
        alpha: try decimal("alpha", default: 1), beta: try decimal("beta", default: 1),
        transposesA: try integer("transA", default: 0) != 0, transposesB: try integer("transB", default: 0) != 0))
  }

  /// A product with a constant matrix is a linear layer; others have no counterpart yet.
  func matrixProduct() throws -> Operator {
    try requireInputs(2...2)
    guard let left = shape(0), let right = constant(1)?.shape, left.count == 2, right.count == 2 else {
      let shapes = (0..<2).map { shape($0).map { "\($0)" } ?? "unknown" }.joined(separator: " and ")
      throw failure(
        .unsupportedForm, "multiplies \(shapes); only a matrix with a constant matrix is supported")
    }
    return .gemm(Gemm(transposesB: false))
  }

  mutating func pooling(isAverage: Bool) throws -> Operator {
    try requireInputs(1...1)
    guard let kernel = try pair("kernel_shape") else {
      throw failure(.unsupportedForm, "has no kernel_shape of two sizes; only 2-D pooling is supported")
    }
    if let rank = shape(0)?.count, rank != 4 {
      throw failure(.unsupportedForm, "pools an input of \(rank) axes; only [N, C, H, W] is supported")
    }
    let strides = try pair("strides") ?? [1, 1]
    guard try pair("dilations") ?? [1, 1] == [1, 1] else { throw failure(.unsupportedForm, "has dilated windows") }
    guard try integer("storage_order", default: 0) == 0 else {
      throw failure(.unsupportedForm, "stores its indices by column")
    }
    let (padding, isExplicit) = try padding(kernel: kernel, strides: strides, dilations: [1, 1])
    let ceilMode = try integer("ceil_mode", default: 0) != 0 && isExplicit
    let countsPadding = isAverage ? try integer("count_include_pad", default: 0) != 0 : false
    let pooling = Pooling(
      kernel: kernel, strides: strides, padding: padding, ceilMode: ceilMode, countsPadding: countsPadding)
    return isAverage ? .averagePool(pooling) : .maxPool(pooling)
  }

  /// An attribute of two positive sizes.
  private mutating func pair(_ key: String) throws -> [Int]? {
    guard let values = try integers(key, in: 1...Self.largestSize) else { return nil }
    guard values.count == 2 else {
      throw failure(.unsupportedForm, "has \(values.count) values in '\(key)'; only two (height, width) are supported")
    }
    return values
  }

  /// The paddings that `auto_pad` and `pads` mean, and whether `pads` gave them.
  private mutating func padding(kernel: [Int], strides: [Int], dilations: [Int]) throws -> (
    amounts: Padding, isExplicit: Bool
  ) {
    let mode = try string("auto_pad", default: "NOTSET")
    let pads = try integers("pads", in: 0...Self.largestSize)
    switch mode {
    case "NOTSET", "":
      let pads = pads ?? [0, 0, 0, 0]
      guard pads.count == 4 else { throw failure(.malformed, "has \(pads.count) values in 'pads' instead of 4") }
      return (Padding(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]), true)
    case "VALID":
      return (Padding(), false)
    case "SAME_UPPER", "SAME_LOWER":
      let totals = try (0..<2).map { axis in
        let span = dilations[axis] * (kernel[axis] - 1) + 1
        if strides[axis] == 1 { return span - 1 }
        guard sizesAreKnown, let size = shape(0)?.dropFirst(2), size.count == 2 else {
          throw failure(
            .unsupportedForm, "pads to \(mode) with a stride of \(strides[axis]) an input whose size is not known",
            remedy: "Export the network with fixed heights and widths.")
        }
        let length = size[size.startIndex + axis]
        return max((length + strides[axis] - 1) / strides[axis] * strides[axis] - strides[axis] + span - length, 0)
      }
      let less = totals.map { $0 / 2 }
      let more = totals.map { $0 - $0 / 2 }
      let padding =
        mode == "SAME_UPPER"
        ? Padding(top: less[0], left: less[1], bottom: more[0], right: more[1])
        : Padding(top: more[0], left: more[1], bottom: less[0], right: less[1])
      return (padding, false)
    default:
      throw failure(.unsupportedForm, "has the auto_pad '\(mode)'")
    }
  }
}
