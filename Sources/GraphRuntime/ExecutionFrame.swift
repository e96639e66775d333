import ModelGraph
import Tensors

/// How batch normalisation and dropout behave.
package enum ExecutionMode: Sendable, Hashable {
  /// Batch statistics, which move the running ones; dropout drops.
  case training
  /// Running statistics; dropout is the identity.
  case evaluation
}

/// One run of a network: the values that are alive, and what the kernels need besides.
struct ExecutionFrame {
  let weights: [Tensor]
  let mode: ExecutionMode
  let dropout: TorchGenerator?
  let momentumOverride: Double?
  /// By slot; nil before a value is made and after its last use.
  var values: [Tensor?]

  func tensor(_ reference: Int) -> Tensor? {
    if reference < 0 { return nil }
    return reference < weights.count ? weights[reference] : values[reference - weights.count]
  }

  /// The result of a step, `overwriting` its argument where the plan allows that.
  func run(_ step: ExecutionPlan.Step, overwriting: Bool) throws -> Tensor {
    let arguments = step.arguments
    let x = operand(arguments[0])
    switch step.kernel {
    case .convolution(let kernel):
      let bias = arguments.count > 2 ? tensor(arguments[2]) : nil
      return try convolution(kernel, x, weight: operand(arguments[1]), bias: bias)
    case .batchNormalization(let epsilon, let momentum):
      return try x.batchNorm(
        weight: operand(arguments[1]), bias: operand(arguments[2]), mean: operand(arguments[3]),
        variance: operand(arguments[4]), training: mode == .training, momentum: momentumOverride ?? momentum,
        epsilon: epsilon)
    case .linear:
      return try x.linear(weight: operand(arguments[1]), bias: arguments.count > 2 ? tensor(arguments[2]) : nil)
    case .gemm(let alpha, let beta, let transposesA, let transposesB):
      let a = transposesA ? try x.transpose() : x
      let b = transposesB ? try operand(arguments[1]).transpose() : operand(arguments[1])
      guard arguments.count > 2, let c = tensor(arguments[2]) else {
        let product = try a.matmul(b)
        return alpha == 1 ? product : try product.mul(alpha)
      }
      return try c.addmm(a, b, beta: beta, alpha: alpha)
    case .relu:
      guard overwriting, step.overwrites else { return try x.relu() }
      try x.relu_()
      return x
    case .leakyRelu(let slope): return try x.leakyRelu(slope: slope)
    case .sigmoid: return try x.sigmoid()
    case .tanh: return try x.tanh()
    case .clip(let minimum, let maximum): return try x.clamp(minimum, maximum)
    case .maxPool(let window): return try window.maximum(x)
    case .averagePool(let window): return try window.average(x)
    case .globalAveragePool: return try x.mean(Array(2..<Swift.max(x.rank, 3)), keepsAxes: true)
    case .add: return try x.add(operand(arguments[1]))
    case .subtract: return try x.sub(operand(arguments[1]))
    case .multiply: return try x.mul(operand(arguments[1]))
    case .concat(let axis): return try Tensor.cat(arguments.map(operand), axis: axis)
    case .slice(let slice):
      var result = x
      for (position, axis) in slice.axes.enumerated() {
        result = try result.slice(axis, slice.starts[position], slice.ends[position], step: slice.steps[position])
      }
      return result
    case .pad(let pad): return try x.pad(before: pad.before, after: pad.after, value: Double(pad.value))
    case .flatten(let axis): return try x.flatten(axis)
    case .reduceMean(let axes, let keepsAxes): return try x.mean(axes, keepsAxes: keepsAxes)
    case .softmax(let axis): return try x.softmax(axis)
    case .identity: return x
    case .dropout(let ratio): return try dropped(x, ratio: ratio)
    }
  }

  /// The plan refers only to weights and to values that an earlier step made.
  private func operand(_ reference: Int) -> Tensor {
    guard let result = tensor(reference) else { preconditionFailure("the plan reads reference \(reference) too late") }
    return result
  }

  private func convolution(_ kernel: ConvolutionKernel, _ x: Tensor, weight: Tensor, bias: Tensor?) throws -> Tensor {
    var input = x
    var padding = (kernel.padding.top, kernel.padding.left)
    if !kernel.padding.isSymmetric {
      input = try x.pad(
        before: [0, 0, kernel.padding.top, kernel.padding.left],
        after: [0, 0, kernel.padding.bottom, kernel.padding.right])
      padding = (0, 0)
    }
    return try input.convolution(
      weight: weight, bias: bias, strides: kernel.strides, padding: padding, dilations: kernel.dilations,
      groups: kernel.groups)
  }

  /// Inverted dropout: what is kept is scaled so that the mean stays.
  private func dropped(_ x: Tensor, ratio: Double) throws -> Tensor {
    guard mode == .training else { return x }
    guard let dropout else {
      throw GraphRuntimeError(
        .missingGenerator, "The network has dropout, which needs a random generator in training.",
        remedy: "Pass a TorchGenerator to forward.")
    }
    if ratio == 1 { return try x.mul(0) }
    let mask = try dropout.bernoulli(x.shape, probability: 1 - ratio).to(x.device).to(x.type)
    return try x.mul(mask.mul_(1 / (1 - ratio)))
  }
}
