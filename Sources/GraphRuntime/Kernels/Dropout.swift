import ModelGraph
import Tensors

extension KernelContext {
  /// Inverted dropout in training: what is kept is scaled so that the mean stays. The mask says what was kept.
  func dropout() throws -> KernelBody {
    try expectInputs(1...3)
    try expectOutputs(2)
    let known = has(1) ? number(1) : 0.5
    if let known { try checkRatio(known) }
    let wantsMask = isWanted(1)
    return { call in
      let x = try call.tensor(0)
      let ratio: Double
      if call.mode != .training {
        ratio = 0
      } else if let known {
        ratio = known
      } else {
        ratio = try call.tensor(1).item()
        try checkRatio(ratio)
      }
      guard ratio > 0 else {
        return [x, wantsMask ? try Tensor.ones(x.shape, type: .bool, device: x.device) : nil]
      }
      guard let generator = call.dropout else {
        throw GraphRuntimeError(
          .missingGenerator, "The network has dropout, which needs a random generator in training.",
          remedy: "Pass a TorchGenerator to forward.")
      }
      if ratio == 1 {
        return [try x.mul(0), wantsMask ? try Tensor.zeros(x.shape, type: .bool, device: x.device) : nil]
      }
      let kept = try generator.bernoulli(x.shape, probability: 1 - ratio).to(x.device)
      let mask = wantsMask ? try kept.to(.bool) : nil
      return [try x.mul(kept.mul(1 / (1 - ratio)).to(x.type)), mask]
    }
  }

  private func checkRatio(_ ratio: Double) throws {
    guard ratio >= 0, ratio <= 1 else { throw failure("has the ratio \(ratio)") }
  }
}
