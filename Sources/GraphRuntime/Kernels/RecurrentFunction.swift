import ModelGraph
import Tensors

private let softplus = ATenOperator("aten::softplus")
private let elu = ATenOperator("aten::elu")

/// One activation of a recurrent layer with its two numbers.
struct RecurrentFunction {
  let kind: Recurrent.Function
  let alpha: Double
  let beta: Double

  /// The functions of each direction. The lists of numbers are used up, in order, by those functions that take them.
  static func functions(of layer: Recurrent, in context: KernelContext) throws -> [[RecurrentFunction]] {
    let usual: [Recurrent.Function] =
      switch layer.cell {
      case .lstm: [.sigmoid, .tanh, .tanh]
      case .gru: [.sigmoid, .tanh]
      case .rnn: [.tanh]
      }
    let directions = layer.direction.count
    var kinds = layer.activations
    // RNN's default names two functions, whatever the direction is.
    if layer.cell == .rnn, directions == 1, kinds.count == 2 { kinds.removeLast() }
    if kinds.isEmpty { kinds = Array(repeating: usual, count: directions).flatMap { $0 } }
    guard kinds.count == usual.count * directions else {
      throw context.failure(
        "has \(kinds.count) activations; its \(directions) directions need \(usual.count * directions)")
    }
    var alphas = layer.activationAlpha[...]
    var betas = layer.activationBeta[...]
    let all = kinds.map { kind in
      RecurrentFunction(
        kind: kind, alpha: kind.alpha.map { alphas.popFirst() ?? $0 } ?? 0,
        beta: kind.beta.map { betas.popFirst() ?? $0 } ?? 0)
    }
    return (0..<directions).map { Array(all[($0 * usual.count)..<(($0 + 1) * usual.count)]) }
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch kind {
    case .relu: try x.relu()
    case .tanh: try x.tanh()
    case .sigmoid: try x.sigmoid()
    case .affine: try x.mul(alpha).add(beta)
    case .leakyRelu: try x.leakyRelu(slope: alpha)
    case .thresholdedRelu: try x.mul(x.detach().ge(alpha).to(x.type))
    case .scaledTanh: try x.mul(beta).tanh().mul(alpha)
    case .hardSigmoid: try x.mul(alpha).add(beta).clamp(0, 1)
    case .elu: try elu.one(.tensor(x), .decimal(alpha))
    case .softsign: try x / x.abs().add(1)
    case .softplus: try softplus.one(.tensor(x))
    }
  }
}

extension Recurrent.Function {
  /// The default of the first number; nil for functions that take none.
  fileprivate var alpha: Double? {
    switch self {
    case .affine, .thresholdedRelu, .scaledTanh, .elu: 1
    case .leakyRelu: 0.01
    case .hardSigmoid: 0.2
    case .relu, .tanh, .sigmoid, .softsign, .softplus: nil
    }
  }

  fileprivate var beta: Double? {
    switch self {
    case .affine: 0
    case .scaledTanh: 1
    case .hardSigmoid: 0.5
    case .relu, .tanh, .sigmoid, .leakyRelu, .thresholdedRelu, .elu, .softsign, .softplus: nil
    }
  }
}
