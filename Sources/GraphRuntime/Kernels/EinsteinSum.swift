import ModelGraph
import Tensors

private let einstein = ATenOperator("aten::einsum")

extension KernelContext {
  /// libtorch reads ONNX's equations; spaces, which may stand anywhere in them, are left out.
  func einsum(_ equation: String) throws -> KernelBody {
    let terms = equation.filter { $0 != " " }
    return { call in
      let operands = try node.inputs.indices.map { try call.tensor($0) }
      guard let type = operands.first?.type, type == .bool || !type.isFloatingPoint else {
        return [try einstein.one(.text(terms), .tensors(operands), .none)]
      }
      // Whole numbers are summed in 64 bits, which wrap as narrower ones do.
      return [try einstein.one(.text(terms), .tensors(operands.map { try $0.to(.int64) }), .none).to(type)]
    }
  }
}
