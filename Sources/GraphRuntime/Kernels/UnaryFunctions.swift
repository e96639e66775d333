import ModelGraph
import Tensors

extension KernelContext {
  func unaryFunction(_ function: UnaryFunction) throws -> KernelBody {
    switch function {
    case .absolute: try unary { try $0.type.isUnsigned ? $0 : $0.abs() }
    case .negative: try unary { try $0.carried().neg().to($0.type) }
    case .sign: try unary { try $0.type.isUnsigned ? $0.ne(0).to($0.type) : $0.sign() }
    case .bitwiseNot: try unary { try ATenOperator.bitwiseNot.one(.tensor($0.carried())).to($0.type) }
    case .reciprocal: try unary { try $0.reciprocal() }
    case .squareRoot: try unary { try $0.sqrt() }
    case .exponential: try unary { try $0.exp() }
    case .logarithm: try unary { try $0.log() }
    case .floor: try unary { try $0.floor() }
    case .round: try unary { try $0.round() }
    case .not: try unary { try $0.logicalNot() }
    case .errorFunction: try unary(ATenOperator.erf)
    case .ceiling: try unary(ATenOperator.ceil)
    case .sine: try unary(ATenOperator.sin)
    case .cosine: try unary(ATenOperator.cos)
    case .tangent: try unary(ATenOperator.tan)
    case .arcSine: try unary(ATenOperator.asin)
    case .arcCosine: try unary(ATenOperator.acos)
    case .arcTangent: try unary(ATenOperator.atan)
    case .hyperbolicSine: try unary(ATenOperator.sinh)
    case .hyperbolicCosine: try unary(ATenOperator.cosh)
    case .inverseHyperbolicSine: try unary(ATenOperator.asinh)
    case .inverseHyperbolicCosine: try unary(ATenOperator.acosh)
    case .inverseHyperbolicTangent: try unary(ATenOperator.atanh)
    case .isNaN: try unary(ATenOperator.isNaN)
    }
  }

  func isInfinite(negative: Bool, positive: Bool) throws -> KernelBody {
    try unary { x in
      let infinite = try ATenOperator.isInfinite.one(.tensor(x))
      if negative, positive { return infinite }
      if !negative, !positive { return try Tensor.zeros(x.shape, type: .bool, device: x.device) }
      return try infinite.and(negative ? x.lt(0) : x.gt(0))
    }
  }

  private func unary(_ op: ATenOperator) throws -> KernelBody {
    try unary { try op.one(.tensor($0)) }
  }
}

extension ScalarType {
  fileprivate var isUnsigned: Bool {
    switch self {
    case .uint8, .uint16, .uint32, .uint64: true
    case .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .bool: false
    }
  }
}

extension ATenOperator {
  fileprivate static let bitwiseNot = ATenOperator("aten::bitwise_not")
  fileprivate static let erf = ATenOperator("aten::erf")
  fileprivate static let ceil = ATenOperator("aten::ceil")
  fileprivate static let sin = ATenOperator("aten::sin")
  fileprivate static let cos = ATenOperator("aten::cos")
  fileprivate static let tan = ATenOperator("aten::tan")
  fileprivate static let asin = ATenOperator("aten::asin")
  fileprivate static let acos = ATenOperator("aten::acos")
  fileprivate static let atan = ATenOperator("aten::atan")
  fileprivate static let sinh = ATenOperator("aten::sinh")
  fileprivate static let cosh = ATenOperator("aten::cosh")
  fileprivate static let asinh = ATenOperator("aten::asinh")
  fileprivate static let acosh = ATenOperator("aten::acosh")
  fileprivate static let atanh = ATenOperator("aten::atanh")
  fileprivate static let isNaN = ATenOperator("aten::isnan")
  fileprivate static let isInfinite = ATenOperator("aten::isinf")
}
