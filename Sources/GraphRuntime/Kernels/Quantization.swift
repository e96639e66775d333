import ModelGraph
import Tensors

extension KernelContext {
  /// To whole numbers: x / scale, halves to even, plus the zero point, within the type's limits.
  func quantizeLinear(_ attributes: QuantizeLinear) throws -> KernelBody {
    try expectInputs(2...3)
    return { call in
      let (x, scale) = (try call.tensor(0), try call.tensor(1))
      let zero = call.optional(2)
      let type = zero?.type ?? attributes.outputType.map { ScalarType($0) } ?? .uint8
      let precision = attributes.precision.map { ScalarType($0) } ?? scale.type
      let spread = Spread(shape: x.shape, axis: attributes.axis, blockSize: attributes.blockSize, context: self)
      let quotient = try x.to(precision) / spread.over(scale.to(precision))
      if let narrow = narrowType(2) ?? attributes.outputType, narrow.isNarrow {
        // Integers are rounded and moved; floats are rounded by their own format, and their zero point is zero.
        let isInteger = narrow.narrowIntegerBits != nil
        var moved = isInteger ? try quotient.precise.round() : quotient
        if isInteger, let zero { moved = try moved + spread.over(zero.decoded(narrow)) }
        return [try moved.encoded(as: narrow, limits: true, saturates: attributes.saturates)]
      }
      return [try quotient.precise.quantized(zero: zero.map { try spread.over($0) }, as: type, in: self)]
    }
  }

  /// From whole numbers: (x - zero point) * scale.
  func dequantizeLinear(_ attributes: DequantizeLinear) throws -> KernelBody {
    try expectInputs(2...3)
    return { call in
      let (x, scale) = (try call.tensor(0), try call.tensor(1))
      let spread = Spread(shape: x.shape, axis: attributes.axis, blockSize: attributes.blockSize, context: self)
      let precise = try scale.precise
      if let narrow = narrowType(0) {
        var values = try x.decoded(narrow).to(precise.type)
        if let zero = call.optional(2) { values = try values - spread.over(zero.decoded(narrow).to(precise.type)) }
        return [
          try (values * spread.over(precise)).to(attributes.outputType.map { ScalarType($0) } ?? scale.type)
        ]
      }
      var steps = try x.to(.int64)
      if let zero = call.optional(2) { steps = try steps - spread.over(zero.to(.int64)) }
      let result = try steps.to(precise.type) * spread.over(precise)
      return [try result.to(attributes.outputType.map { ScalarType($0) } ?? scale.type)]
    }
  }

  /// To uint8 by the range of the values at hand, which always holds zero; outputs: y, scale, zero point.
  func dynamicQuantizeLinear() throws -> KernelBody {
    try expectInputs(1...1)
    return { call in
      let x = try call.tensor(0).to(.float32)
      let low = try x.min().minimum(0)
      let range = try x.max().maximum(0) - low
      // Of zeros only, any scale is right.
      let scale = try range.div(255).filled(1, where: range.eq(0))
      let zero = try (low.neg() / scale).clamp(0, 255).round()
      return [
        try (x / scale).quantized(zero: zero, as: .uint8, in: self), scale, try zero.to(.uint8),
      ]
    }
  }
}

/// How scales and zero points lie over a tensor: one for all, one for each position of an axis, or one for a block of it.
private struct Spread {
  let shape: [Int]
  let axis: Int
  let blockSize: Int
  let context: KernelContext

  /// The parameters in a shape that broadcasts to the tensor's.
  func over(_ parameters: Tensor) throws -> Tensor {
    guard (0...(1 << 40)).contains(blockSize) else { throw context.failure("has blocks of \(blockSize)") }
    if parameters.elementCount == 1, blockSize == 0 || parameters.rank < 2 { return try parameters.reshape([]) }
    guard let axis = Tensor.position(ofAxis: axis, rank: shape.count), axis < shape.count else {
      throw context.failure("has the axis \(axis) for a tensor of shape \(shape)")
    }
    if parameters.rank == 1, parameters.elementCount == shape[axis] {
      return try parameters.alongAxis(axis, rank: shape.count)
    }
    var blocks = shape
    blocks[axis] = blockSize > 0 ? (shape[axis] + blockSize - 1) / blockSize : shape[axis]
    guard parameters.shape == blocks else {
      throw context.failure(
        "has scales or zero points of shape \(parameters.shape) for a tensor of shape \(shape), blocks of \(blockSize)")
    }
    guard blockSize > 0 else { return parameters }
    return try parameters.moved { try $0.repeatingEach(blockSize, axis: axis).slice(axis, 0, shape[axis]) }
  }
}

extension Tensor {
  /// Rounded, moved by the zero point and limited to a type.
  func quantized(zero: Tensor?, as type: ScalarType, in context: KernelContext) throws -> Tensor {
    guard let limits = type.integerLimits else {
      throw context.failure("makes elements of type \(type.rawValue)")
    }
    var whole = try round()
    // In float64 any zero point of up to 32 bits is exact.
    if let zero { whole = try whole.to(.float64) + zero.to(.float64) }
    return try whole.clamp(limits.lowest, limits.highest).to(.int64).to(type)
  }
}
