import ModelGraph
import Tensors

extension KernelContext {
  func activation(_ function: Activation) throws -> KernelBody {
    if function == .relu {
      try expectInputs(1...1)
      return { call in
        let x = try call.tensor(0)
        guard call.overwrites else { return [try x.relu()] }
        try x.relu_()
        return [x]
      }
    }
    return try unary(try Self.function(function))
  }

  private static func function(_ function: Activation) throws -> (Tensor) throws -> Tensor {
    switch function {
    case .relu: return { try $0.relu() }
    case .leakyRelu(let slope): return { try $0.leakyRelu(slope: slope) }
    case .thresholdedRelu(let threshold):
      return { try ATenOperator.threshold.one(.tensor($0), .decimal(threshold), 0.0) }
    case .elu(let alpha): return { try ATenOperator.elu.one(.tensor($0), .decimal(alpha)) }
    case .selu(let alpha, let gamma):
      return { try ATenOperator.elu.one(.tensor($0), .decimal(alpha), .decimal(gamma)) }
    case .celu(let alpha): return { try ATenOperator.celu.one(.tensor($0), .decimal(alpha)) }
    case .sigmoid: return { try $0.sigmoid() }
    case .tanh: return { try $0.tanh() }
    case .hardSigmoid(let alpha, let beta):
      // The usual numbers, which a file holds in single precision, have a fused form.
      if abs(alpha - 1 / 6) < 1e-7, beta == 0.5 { return { try ATenOperator.hardSigmoid.one(.tensor($0)) } }
      return { try $0.mul(alpha).add(beta).clamp(0, 1) }
    case .hardSwish: return { try ATenOperator.hardSwish.one(.tensor($0)) }
    case .swish(let alpha): return { try $0.swish(alpha: alpha) }
    case .mish: return { try ATenOperator.mish.one(.tensor($0)) }
    case .gelu(let approximated):
      let way: ATenArgument = approximated ? "tanh" : "none"
      return { try ATenOperator.gelu.one(.tensor($0), way) }
    case .softplus:
      // Beyond 40 the function is its argument to double precision.
      return { try ATenOperator.softplus.one(.tensor($0), 1, 40) }
    case .softsign: return { try $0.div($0.abs().add(1)) }
    case .shrink(let bias, let threshold): return { try $0.shrunk(bias: bias, threshold: threshold) }
    }
  }
}

extension Tensor {
  func swish(alpha: Double) throws -> Tensor {
    try alpha == 1 ? ATenOperator.silu.one(.tensor(self)) : mul(mul(alpha).sigmoid())
  }

  fileprivate func shrunk(bias: Double, threshold: Double) throws -> Tensor {
    if type.isCarried { return try carried().shrunk(bias: bias, threshold: threshold).to(type) }
    let zero = try mul(0)
    let above = try gt(threshold).select(sub(bias), else: zero)
    return try lt(-threshold).select(add(bias), else: above).to(type)
  }
}

extension ATenOperator {
  fileprivate static let threshold = ATenOperator("aten::threshold")
  fileprivate static let elu = ATenOperator("aten::elu")
  fileprivate static let celu = ATenOperator("aten::celu")
  fileprivate static let hardSigmoid = ATenOperator("aten::hardsigmoid")
  fileprivate static let hardSwish = ATenOperator("aten::hardswish")
  fileprivate static let mish = ATenOperator("aten::mish")
  fileprivate static let gelu = ATenOperator("aten::gelu")
  fileprivate static let silu = ATenOperator("aten::silu")
  fileprivate static let softplus = ATenOperator("aten::softplus")
}
