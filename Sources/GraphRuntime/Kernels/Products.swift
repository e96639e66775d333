import ModelGraph
import Tensors

extension KernelContext {
  func gemm(_ gemm: Gemm) throws -> KernelBody {
    try expectInputs(2...3)
    // PyTorch's linear layer; a bias of another shape than `[N]` is broadcast by the general form.
    if gemm.alpha == 1, gemm.beta == 1, !gemm.transposesA, gemm.transposesB,
      !has(2) || constants[2]?.shape.count == 1
    {
      return { call in
        let x = try call.tensor(0)
        guard x.type.isFloatingPoint, call.optional(2)?.size(0) != 1 else { return [try x.product(call, gemm)] }
        return [try x.linear(weight: call.tensor(1), bias: call.optional(2))]
      }
    }
    return { call in [try call.tensor(0).product(call, gemm)] }
  }

  func matrixProduct() throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let (x, y) = (try call.tensor(0), try call.tensor(1))
      let type = x.type
      return [try type.isCarried ? x.carried().matmul(y.carried()).to(type) : x.matmul(y)]
    }
  }
}

extension Tensor {
  fileprivate func product(_ call: KernelCall, _ gemm: Gemm) throws -> Tensor {
    let type = type
    let (x, y) = (try carried(), try call.tensor(1).carried())
    let a = gemm.transposesA ? try x.transpose() : x
    let b = gemm.transposesB ? try y.transpose() : y
    if type.isFloatingPoint, let c = call.optional(2) { return try c.addmm(a, b, beta: gemm.beta, alpha: gemm.alpha) }
    var result = try a.matmul(b)
    if gemm.alpha != 1 { result = try result.mul(gemm.alpha) }
    if let c = call.optional(2) {
      let addend = try c.carried()
      result = try result.add(gemm.beta == 1 ? addend : addend.mul(gemm.beta))
    }
    return try result.to(type)
  }
}
