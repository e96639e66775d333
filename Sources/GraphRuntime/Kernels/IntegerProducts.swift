import ModelGraph
import Tensors

private let slidingProduct = ATenOperator("aten::convolution")

/// Products of whole numbers are computed in float64, which holds every sum of 32 bits exactly and runs on any device.
extension KernelContext {
  /// Inputs: x, w, optional zero points; the result is int32.
  func integerConvolution(_ attributes: Convolution) throws -> KernelBody {
    try expectInputs(2...4)
    return { call in
      let sums = try convolved(
        attributes, call.tensor(0), call.tensor(1), zeroOfX: call.optional(2), zeroOfW: call.optional(3))
      return [try sums.wrappedToInt32()]
    }
  }

  func quantizedConvolution(_ attributes: Convolution) throws -> KernelBody {
    try expectInputs(8...9)
    return { call in
      let w = try call.tensor(3)
      var sums = try convolved(
        attributes, call.tensor(0), w, zeroOfX: call.optional(2), zeroOfW: call.optional(5))
      if let bias = call.optional(8) { sums = try sums + bias.to(.float64).alongAxis(1, rank: sums.rank) }
      let weightScale = try call.tensor(4)
      let ofWeight =
        weightScale.elementCount == 1 ? try weightScale.reshape([]) : try weightScale.alongAxis(1, rank: sums.rank)
      let scale = try call.tensor(1).reshape([]) * ofWeight / call.tensor(6).reshape([])
      let zero = try call.tensor(7)
      return [try (sums * scale.to(.float64)).quantized(zero: zero.reshape([]), as: zero.type, in: self)]
    }
  }

  /// Inputs: A, B, optional zero points; the result is int32.
  func integerMatrixProduct() throws -> KernelBody {
    try expectInputs(2...4)
    return { call in
      let product = try Self.centered(call.tensor(0), zero: call.optional(2), isLeft: true)
        .matmul(Self.centered(call.tensor(1), zero: call.optional(3), isLeft: false))
      return [try product.wrappedToInt32()]
    }
  }

  func quantizedMatrixProduct() throws -> KernelBody {
    try expectInputs(8...8)
    return { call in
      let (a, b) = (try call.tensor(0), try call.tensor(3))
      let sums = try Self.centered(a, zero: call.optional(2), isLeft: true)
        .matmul(Self.centered(b, zero: call.optional(5), isLeft: false))
      let scale =
        try Self.spread(call.tensor(1), over: a, isLeft: true) * Self.spread(call.tensor(4), over: b, isLeft: false)
        / Self.spread(call.tensor(6), over: a, isLeft: true)
      let zero = try call.tensor(7)
      let moved = try Self.spread(zero.to(.float64), over: a, isLeft: true)
      return [try (sums * scale.to(.float64)).quantized(zero: moved, as: zero.type, in: self)]
    }
  }

  private func convolved(
    _ attributes: Convolution, _ x: Tensor, _ w: Tensor, zeroOfX: Tensor?, zeroOfW: Tensor?
  ) throws -> Tensor {
    guard x.rank > 2, w.rank == x.rank else {
      throw failure("has an input of shape \(x.shape) and a weight of shape \(w.shape)")
    }
    var values = try x.to(.float64)
    if let zeroOfX { values = try values - zeroOfX.to(.float64).reshape([]) }
    var weights = try w.to(.float64)
    if let zeroOfW {
      let zero = try zeroOfW.to(.float64)
      weights = try weights - (zero.elementCount == 1 ? zero.reshape([]) : zero.alongAxis(0, rank: w.rank))
    }
    let window = try WindowGeometry.sliding(
      over: Array(x.shape[2...]), kernel: Array(w.shape[2...]), strides: attributes.strides,
      dilations: attributes.dilations, padding: attributes.padding)
    let none = [Int](repeating: 0, count: window.kernel.count)
    return try slidingProduct.one(
      .tensor(window.bordered(values)), .tensor(weights), .none, .integers(window.strides), .integers(none),
      .integers(window.dilations), .flag(false), .integers(none), .integer(attributes.groups))
  }

  private static func centered(_ x: Tensor, zero: Tensor?, isLeft: Bool) throws -> Tensor {
    let values = try x.to(.float64)
    guard let zero else { return values }
    return try values - spread(zero.to(.float64), over: x, isLeft: isLeft)
  }

  /// A vector of parameters belongs to the left factor's rows, or to the right factor's columns.
  private static func spread(_ parameters: Tensor, over x: Tensor, isLeft: Bool) throws -> Tensor {
    if parameters.elementCount == 1 { return try parameters.reshape([]) }
    return isLeft && parameters.rank == 1 && x.rank > 1 ? try parameters.inserting(axis: 1) : parameters
  }
}

extension Tensor {
  fileprivate func wrappedToInt32() throws -> Tensor { try to(.int64).to(.int32) }
}
