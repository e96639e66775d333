import ChannelGroups
import StudyModel
import Tensors

/// Dropout rates learned by variational dropout (Molchanov and others 2017, "Variational dropout sparsifies deep
/// neural networks"): the score is -log a, where the weight w has become a random w (1 + sqrt(a) e), with e normal;
/// what bears much noise leaves first.
///
/// Each log a starts at -3 (a dropout rate of 5%) and follows, with Adam at 0.05, the gradient of the loss plus the
/// divergence from the prior (`DropoutDivergence`) over the number of training samples. As in their section 4.2 the
/// noise is added to the weights; one draw for a batch, once with each sign, which cancels its first order. The means
/// w stay, unlike in the paper, so that the rates are those of the network as it is. For channels there is one a for
/// each unit, whose noise multiplies the unit's gate (`UnitGates`), and one divergence for each unit. Cost: two
/// backward passes for each step (`TrainingProbe`).
package struct DropoutRateImportance: ImportanceCriterion {
  package let criterion = Criterion.dropoutRates
  static let start = -3.0
  static let rate = 0.05

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let gates = UnitGates(groups, in: context.module.graph, byLayer: aggregation != nil)
    guard gates.count > 0 else { return gates.layerScores([], of: groups) }
    let rates = try Tensor.full(Self.start, shape: [gates.count], type: .float64)
    var adam = try Adam(like: rates)
    let probe = try TrainingProbe(context)
    let generator = try noise(in: context)
    try probe.run { differentiate in
      let deviation = try rates.mul(0.5).exp()
      let draw = try generator.normal([gates.count]).to(.float64)
      func slopes(_ sign: Double) throws -> Tensor {
        let values = try deviation.mul(draw).mul(sign).add(1).doubles
        try gates.lay(values, on: probe.module, dense: context)
        try differentiate()
        return try Tensor(
          doubles: gates.gradient(at: values, of: probe, dense: context), shape: [gates.count])
      }
      let difference = try slopes(1).sub(slopes(-1))
      let slope = try Self.slope(of: rates, difference: difference.mul(draw), deviation, samples: context.sampleCount)
      try adam.step(rates, gradient: slope, rate: Self.rate)
    }
    return gates.layerScores(try rates.neg().doubles, of: groups)
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    let probe = try TrainingProbe(context)
    let generator = try noise(in: context)
    let means = try weights.map { try context.tensor($0).to(.float64) }
    let rates = try means.map { try Tensor.full(Self.start, shape: $0.shape, type: .float64, device: $0.device) }
    var adams = try rates.map { try Adam(like: $0) }
    try probe.run { differentiate in
      let draws = try means.map { try generator.normal($0.shape).to(.float64).to($0.device) }
      let deviations = try rates.map { try $0.mul(0.5).exp() }
      func gradients(_ sign: Double) throws -> [Tensor] {
        for (place, weight) in weights.enumerated() {
          try context.progress.report()
          let factor = try deviations[place].mul(draws[place]).mul(sign).add(1)
          try withoutGradients {
            _ = try probe.module.tensor(named: weight)?.detach().copy_(means[place].mul(factor))
          }
        }
        try differentiate()
        try context.progress.report()
        return try weights.map { try probe.gradient($0) }
      }
      let (up, down) = (try gradients(1), try gradients(-1))
      for place in weights.indices {
        try context.progress.report()
        let difference = try up[place].sub(down[place]).mul(means[place]).mul(draws[place])
        let slope = try Self.slope(
          of: rates[place], difference: difference, deviations[place], samples: context.sampleCount)
        try adams[place].step(rates[place], gradient: slope, rate: Self.rate)
      }
    }
    var scores: [String: [Float]] = [:]
    for (place, weight) in weights.enumerated() { scores[weight] = try rates[place].neg().to(.float32).floats }
    return scores
  }

  /// The derivative along log a: half of sqrt(a) e dL/d(1 + sqrt(a) e), the mean over both signs, and the divergence's.
  private static func slope(
    of rates: Tensor, difference: Tensor, _ deviation: Tensor, samples: Int
  ) throws -> Tensor {
    try difference.mul(deviation).mul(0.25).add(DropoutDivergence.slope(rates).div(Double(max(samples, 1))))
  }

  private func noise(in context: ScoringContext) throws -> TorchGenerator {
    var generator = context.generator(criterion.rawValue)
    return try TorchGenerator(seed: generator.next())
  }
}
