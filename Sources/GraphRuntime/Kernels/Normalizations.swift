import ModelGraph
import Tensors

extension KernelContext {
  /// In training, and where statistics are measured, the batch's statistics are used and move the running ones, which are weights, in place. A file that
  /// asks for batch statistics itself has them in evaluation too, and gets the moved ones as outputs.
  func batchNormalization(_ attributes: BatchNormalization) throws -> KernelBody {
    try expectInputs(5...5)
    try expectOutputs(3)
    if !attributes.usesBatchStatistics, !isWanted(1), !isWanted(2) {
      return { call in
        let x = try call.tensor(0)
        return [
          try x.batchNorm(
            weight: call.tensor(1), bias: call.tensor(2), mean: call.tensor(3), variance: call.tensor(4),
            training: call.mode.usesBatchStatistics, momentum: call.momentumOverride ?? attributes.momentum,
            epsilon: attributes.epsilon)
        ]
      }
    }
    return { call in
      let x = try call.tensor(0)
      let share = call.momentumOverride ?? attributes.momentum
      var mean = try call.tensor(3)
      var variance = try call.tensor(4)
      if call.mode == .evaluation, attributes.usesBatchStatistics {
        // ONNX moves by the variance of the batch as a population.
        let axes = [0] + Array(2..<max(x.rank, 2))
        mean = try mean.mul(1 - share).add(x.mean(axes).mul(share))
        variance = try variance.mul(1 - share).add(x.variance(axes, unbiased: false).mul(share))
      }
      let isTraining = call.mode.usesBatchStatistics
      let usesBatch = isTraining || attributes.usesBatchStatistics
      let result = try x.batchNorm(
        weight: call.tensor(1), bias: call.tensor(2), mean: isTraining || !usesBatch ? mean : nil,
        variance: isTraining || !usesBatch ? variance : nil, training: usesBatch, momentum: share,
        epsilon: attributes.epsilon)
      return [result, isWanted(1) ? mean : nil, isWanted(2) ? variance : nil]
    }
  }

  func instanceNormalization(epsilon: Double) throws -> KernelBody {
    try expectInputs(3...3)
    // One group a channel.
    return { call in
      let x = try call.tensor(0)
      return [try x.groupNorm(x.size(1), call.tensor(1), call.tensor(2), epsilon)]
    }
  }

  func groupNormalization(_ attributes: GroupNormalization) throws -> KernelBody {
    try expectInputs(3...3)
    guard attributes.groups > 0 else { throw failure("has \(attributes.groups) groups") }
    return { call in
      [try call.tensor(0).groupNorm(attributes.groups, call.tensor(1), call.tensor(2), attributes.epsilon)]
    }
  }

  func layerNormalization(_ attributes: AxisNormalization) throws -> KernelBody {
    try expectInputs(2...3)
    try expectOutputs(3)
    let wantsStatistics = isWanted(1) || isWanted(2)
    return { call in
      let x = try call.tensor(0)
      let sizes = Array(x.shape[try AxisRules.normalized(attributes.axis, rank: x.rank)...])
      var (scale, bias) = (try call.tensor(1) as Tensor?, call.optional(2))
      let isDirect = scale?.shape == sizes && (bias == nil || bias?.shape == sizes)
      let (givenScale, givenBias) = (scale, bias)
      if !isDirect { (scale, bias) = (nil, nil) }
      var results: [Tensor?]
      if wantsStatistics {
        // The statistics are float32 also where the values are smaller.
        let wide = x.type.isHalf ? try x.to(.float32) : x
        results = try ATenOperator.layerNormWithStatistics(
          .tensor(wide), .integers(sizes), .optional(try scale?.to(wide.type)), .optional(try bias?.to(wide.type)),
          .decimal(attributes.epsilon))
        results[0] = try results[0]?.to(x.type)
        for position in 1...2 { results[position] = try results[position]?.to(.float32) }
      } else {
        results = [
          try ATenOperator.layerNorm.one(
            .tensor(x), .integers(sizes), .optional(scale), .optional(bias), .decimal(attributes.epsilon), false)
        ]
      }
      if !isDirect, let scale = givenScale, let normal = results[0] {
        let scaled = try normal.mul(scale)
        results[0] = try givenBias.map { try scaled.add($0) } ?? scaled
      }
      return results
    }
  }

  func rmsNormalization(_ attributes: AxisNormalization) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let (x, scale) = (try call.tensor(0), try call.tensor(1))
      let sizes = Array(x.shape[try AxisRules.normalized(attributes.axis, rank: x.rank)...])
      let isDirect = scale.shape == sizes && scale.type == x.type
      let result = try ATenOperator.rmsNorm.one(
        .tensor(x), .integers(sizes), .optional(isDirect ? scale : nil), .decimal(attributes.epsilon))
      return [isDirect ? result : try result.mul(scale)]
    }
  }
}

extension Tensor {
  fileprivate func groupNorm(_ groups: Int, _ scale: Tensor, _ bias: Tensor, _ epsilon: Double) throws -> Tensor {
    try ATenOperator.groupNorm.one(
      .tensor(self), .integer(groups), .tensor(scale), .tensor(bias), .decimal(epsilon), true)
  }
}

extension ATenOperator {
  fileprivate static let groupNorm = ATenOperator("aten::group_norm")
  fileprivate static let layerNorm = ATenOperator("aten::layer_norm")
  fileprivate static let layerNormWithStatistics = ATenOperator("aten::native_layer_norm")
  fileprivate static let rmsNorm = ATenOperator("aten::rms_norm")
}
