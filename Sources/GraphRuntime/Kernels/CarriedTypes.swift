import Tensors

/// Types that libtorch stores but hardly computes with: unsigned integers of more than 8 bits travel in a wider signed type.
extension ScalarType {
  /// The type in which we compute with this one.
  var carrier: ScalarType {
    switch self {
    case .uint16: .int32
    case .uint32, .uint64: .int64
    case .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .bool: self
    }
  }

  var isCarried: Bool { carrier != self }

  /// Float16 and bfloat16: sums and squares are taken in float32.
  var isHalf: Bool { self == .float16 || self == .bfloat16 }

  /// The smallest and the largest value of an integer type, as bits of an Int; nil for floats.
  var integerRange: (least: Int, greatest: Int)? {
    switch self {
    case .float32, .float64, .float16, .bfloat16: nil
    case .int8: (Int(Int8.min), Int(Int8.max))
    case .int16: (Int(Int16.min), Int(Int16.max))
    case .int32: (Int(Int32.min), Int(Int32.max))
    case .int64: (Int.min, Int.max)
    case .uint8: (0, Int(UInt8.max))
    case .uint16: (0, Int(UInt16.max))
    case .uint32: (0, Int(UInt32.max))
    case .uint64: (0, -1)
    case .bool: (0, 1)
    }
  }
}

extension Tensor {
  /// The same numbers in the carrier; from 2^63 on a uint64 turns negative with the same bits.
  func carried() throws -> Tensor { try to(type.carrier) }

  /// Numbers in the carrier whose order is that of these, also for a uint64: its top bit is flipped.
  func ordered() throws -> Tensor {
    try type == .uint64 ? carried().flippingTopBit() : carried()
  }

  /// Undoes `ordered` for a value of that type.
  func unordered(as type: ScalarType) throws -> Tensor {
    try type == .uint64 ? flippingTopBit().to(type) : to(type)
  }

  private func flippingTopBit() throws -> Tensor {
    try ATenOperator.exclusiveOr.one(.tensor(self), .integer(Int.min))
  }

  /// For int64 values that stand for uint64: where this is not below the other.
  func isUnsignedNotBelow(_ other: Tensor) throws -> Tensor {
    try flippingTopBit().ge(other.flippingTopBit())
  }

  /// For int64 values that stand for uint64: the quotient, rounded down.
  func unsignedQuotient(by divisor: Tensor) throws -> Tensor {
    // Half the dividend is not negative, so its signed quotient, doubled, is right or one too small.
    let half = try shiftedRightOnce()
    let positive = try divisor.maximum(1)
    let doubled = try ATenOperator.divide.one(.tensor(half), .tensor(positive), "trunc").mul(2)
    let rest = try sub(doubled.mul(positive))
    let quotient = try doubled.add(rest.isUnsignedNotBelow(positive).to(.int64))
    // A divisor of 2^63 or more goes in once or not at all.
    return try divisor.lt(0).select(isUnsignedNotBelow(divisor).to(.int64), else: quotient)
  }

  /// For int64 values that stand for uint64: one bit to the right.
  func shiftedRightOnce() throws -> Tensor {
    let shifted = try ATenOperator.shiftRight.one(.tensor(self), 1)
    return try ATenOperator.and.one(.tensor(shifted), .integer(Int.max))
  }
}

extension ATenOperator {
  fileprivate static let exclusiveOr = ATenOperator("aten::bitwise_xor", "Scalar")
  fileprivate static let and = ATenOperator("aten::bitwise_and", "Scalar")
  fileprivate static let shiftRight = ATenOperator("aten::bitwise_right_shift", "Tensor_Scalar")
  fileprivate static let divide = ATenOperator("aten::div", "Tensor_mode")
}
