import ModelGraph
import Tensors

extension KernelContext {
  /// Fractions are cut off, integers keep their low bits, everything but zero is true.
  func cast(_ attributes: Cast) throws -> KernelBody {
    guard let target = attributes.to else { throw failure("names no type to cast to") }
    let type = ScalarType(target)
    if target.isNarrow || narrowType(0) != nil { return try unary { try narrowCast($0, to: target, attributes) } }
    return try unary { try $0.to(type) }
  }

  private func narrowCast(_ x: Tensor, to target: ElementType, _ attributes: Cast) throws -> Tensor {
    if narrowType(0) == target { return x }
    let values = try narrowType(0).map { try x.decoded($0) } ?? x
    guard target.isNarrow else { return try values.to(ScalarType(target)) }
    return try values.encoded(as: target, saturates: attributes.saturates, rounding: attributes.rounding)
  }

  func castLike(_ attributes: Cast) throws -> KernelBody {
    try expectInputs(2...2)
    if narrowType(0) != nil || narrowType(1) != nil {
      return { call in
        let target = try narrowType(1) ?? ElementType(call.tensor(1).type)
        return [try narrowCast(call.tensor(0), to: target, attributes)]
      }
    }
    return { call in [try call.tensor(0).to(call.tensor(1).type)] }
  }
}
