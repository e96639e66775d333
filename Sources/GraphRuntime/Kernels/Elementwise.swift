import ModelGraph
import Tensors

extension KernelContext {
  func elementwise(_ operation: Elementwise) throws -> KernelBody {
    try expectInputs(2...2)
    switch operation {
    case .add: return Self.carrying { try $0.add($1) }
    case .subtract: return Self.carrying { try $0.sub($1) }
    case .multiply: return Self.carrying { try $0.mul($1) }
    case .divide: return { call in [try call.tensor(0).quotient(by: call.tensor(1))] }
    case .power: return power()
    case .modulo(let truncated): return { call in [try call.tensor(0).modulo(call.tensor(1), truncated: truncated)] }
    case .parametricRelu: return { call in [try call.tensor(0).parametricRelu(slope: call.tensor(1))] }
    case .gatedSwish(let alpha): return { call in [try call.tensor(0).swish(alpha: alpha).mul(call.tensor(1))] }
    case .equal: return { call in [try call.tensor(0).eq(call.tensor(1))] }
    case .less: return Self.comparing { try $0.lt($1) }
    case .lessOrEqual: return Self.comparing { try $0.le($1) }
    case .greater: return Self.comparing { try $0.gt($1) }
    case .greaterOrEqual: return Self.comparing { try $0.ge($1) }
    case .and: return { call in [try call.tensor(0).and(call.tensor(1))] }
    case .or: return { call in [try call.tensor(0).or(call.tensor(1))] }
    case .exclusiveOr: return { call in [try call.tensor(0).ne(call.tensor(1))] }
    case .bitwiseAnd: return Self.carrying(ATenOperator.bitwiseAnd)
    case .bitwiseOr: return Self.carrying(ATenOperator.bitwiseOr)
    case .bitwiseExclusiveOr: return Self.carrying(ATenOperator.bitwiseExclusiveOr)
    case .shift(let left):
      return left
        ? Self.carrying(ATenOperator.shiftLeft) : { call in [try call.tensor(0).shiftedRight(call.tensor(1))] }
    }
  }

  /// The result in the first operand's type; numbers modulo their range, which is right for sums, products and bits.
  private static func carrying(_ body: @escaping (Tensor, Tensor) throws -> Tensor) -> KernelBody {
    { call in
      let (x, y) = (try call.tensor(0), try call.tensor(1))
      let type = x.type
      return [try type.isCarried ? body(x.carried(), y.carried()).to(type) : body(x, y)]
    }
  }

  private static func carrying(_ op: ATenOperator) -> KernelBody {
    carrying { try op.one(.tensor($0), .tensor($1)) }
  }

  private static func comparing(_ body: @escaping (Tensor, Tensor) throws -> Tensor) -> KernelBody {
    { call in
      let (x, y) = (try call.tensor(0), try call.tensor(1))
      return [try x.type.isCarried ? body(x.ordered(), y.ordered()) : body(x, y)]
    }
  }

  private func power() -> KernelBody {
    // Squares and roots of floats need no tensor of exponents.
    let exponent = constants[1].flatMap { $0.shape.isEmpty ? number(1) : nil }
    return { call in
      let x = try call.tensor(0)
      if let exponent, x.type.isFloatingPoint { return [try x.pow(exponent)] }
      return [try x.carried().pow(call.tensor(1).carried()).to(x.type)]
    }
  }

  func select() throws -> KernelBody {
    try expectInputs(3...3)
    return { call in [try call.tensor(0).select(call.tensor(1), else: call.tensor(2))] }
  }

  /// A sum, mean, maximum or minimum of any number of inputs.
  func aggregate(_ function: Aggregate) throws -> KernelBody {
    try expectInputs(1...Int.max)
    let step: (Tensor, Tensor) throws -> Tensor =
      switch function {
      case .sum, .mean: { try $0.add($1) }
      case .maximum: { try $0.maximum($1) }
      case .minimum: { try $0.minimum($1) }
      }
    let count = Double(node.inputs.count)
    return { call in
      let first = try call.tensor(0)
      let type = first.type
      var result = try first.ordered()
      for position in call.arguments.indices.dropFirst() { result = try step(result, call.tensor(position).ordered()) }
      if function == .mean, count > 1 { result = try result.div(count) }
      return [try result.unordered(as: type)]
    }
  }

  func clip() throws -> KernelBody {
    try expectInputs(1...3)
    let isFixed = (1...2).allSatisfy { !has($0) || number($0) != nil }
    let (low, high) = (number(1) ?? -Double.infinity, number(2) ?? Double.infinity)
    return { call in
      let x = try call.tensor(0)
      if isFixed, x.type.isFloatingPoint { return [try x.clamp(low, high)] }
      var result = try x.ordered()
      if let limit = call.optional(1) { result = try result.maximum(limit.reshape([]).ordered()) }
      if let limit = call.optional(2) { result = try result.minimum(limit.reshape([]).ordered()) }
      return [try result.unordered(as: x.type)]
    }
  }
}

extension Tensor {
  fileprivate func quotient(by divisor: Tensor) throws -> Tensor {
    let type = type
    if type.isFloatingPoint { return try div(divisor) }
    if type == .uint64 { return try carried().unsignedQuotient(by: divisor.carried()).to(type) }
    return try ATenOperator.divide.one(.tensor(carried()), .tensor(divisor.carried()), "trunc").to(type)
  }

  fileprivate func modulo(_ divisor: Tensor, truncated: Bool) throws -> Tensor {
    let type = type
    if type == .uint64 {
      let (x, y) = (try carried(), try divisor.carried())
      return try x.sub(x.unsignedQuotient(by: y).mul(y)).to(type)
    }
    let (x, y) = (try carried(), try divisor.carried())
    if truncated { return try ATenOperator.truncatedRemainder.one(.tensor(x), .tensor(y)).to(type) }
    let rest = try ATenOperator.remainder.one(.tensor(x), .tensor(y)).to(type)
    guard type.isFloatingPoint else { return rest }
    // A zero has the divisor's sign too.
    return try rest.eq(0).select(ATenOperator.copySign.one(.tensor(rest), .tensor(y)), else: rest)
  }

  fileprivate func parametricRelu(slope: Tensor) throws -> Tensor {
    let type = type
    if type.isFloatingPoint { return try ATenOperator.parametricRelu.one(.tensor(self), .tensor(slope)) }
    let x = try carried()
    return try x.lt(0).select(x.mul(slope.carried()), else: x).to(type)
  }

  fileprivate func shiftedRight(_ amount: Tensor) throws -> Tensor {
    let type = type
    let (x, y) = (try carried(), try amount.carried())
    guard type == .uint64 else { return try ATenOperator.shiftRight.one(.tensor(x), .tensor(y)).to(type) }
    // No sign comes in from the left once the first bit has moved.
    let moved = try ATenOperator.shiftRight.one(.tensor(x.shiftedRightOnce()), .tensor(y.sub(1)))
    return try y.eq(0).select(x, else: moved).to(type)
  }
}

extension ATenOperator {
  fileprivate static let bitwiseAnd = ATenOperator("aten::bitwise_and", "Tensor")
  fileprivate static let bitwiseOr = ATenOperator("aten::bitwise_or", "Tensor")
  fileprivate static let bitwiseExclusiveOr = ATenOperator("aten::bitwise_xor", "Tensor")
  fileprivate static let shiftLeft = ATenOperator("aten::bitwise_left_shift", "Tensor")
  fileprivate static let shiftRight = ATenOperator("aten::bitwise_right_shift", "Tensor")
  fileprivate static let divide = ATenOperator("aten::div", "Tensor_mode")
  fileprivate static let remainder = ATenOperator("aten::remainder", "Tensor")
  fileprivate static let truncatedRemainder = ATenOperator("aten::fmod", "Tensor")
  fileprivate static let copySign = ATenOperator("aten::copysign", "Tensor")
  fileprivate static let parametricRelu = ATenOperator("aten::_prelu_kernel")
}
