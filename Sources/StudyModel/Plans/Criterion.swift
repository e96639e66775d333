/// How the importance of a channel or a weight is judged; the raw value is its name in specs and tables.
package enum Criterion: String, Hashable, Sendable, Codable, CaseIterable {
  case random
  /// Sum of absolute weights (Li and others 2017).
  case l1
  /// Euclidean norm of the weights.
  case l2
  /// Absolute scale of the batch normalisation behind a channel (Liu and others 2017).
  case batchNormScale = "bn-scale"
  /// First-order Taylor expansion of the loss (Molchanov and others 2019).
  case taylor
  /// Distance to the other filters of the layer (He and others 2019).
  case fpgm
  /// Largest absolute weight.
  case linf
  /// Magnitude relative to what is left of the layer (Lee and others 2021).
  case lamp
  /// Moments of the weights.
  case mean, variance, skewness, kurtosis
  /// How steadily the gradient points one way from batch to batch.
  case gradientSign = "gradient-sign"
  /// Sensitivity of the loss to a weight's presence (Lee and others 2019).
  case snip
  /// Effect on the norm of the gradient (Wang and others 2020).
  case grasp
  /// Flow through the absolute weights, without data (Tanaka and others 2020).
  case synflow
  /// Diagonal of the empirical Fisher information (Theis and others 2018).
  case fisher
  /// Diagonal of the Hessian (LeCun and others 1990).
  case obd
  /// Entropy of a unit's outputs over the data.
  case entropy
  /// Mean absolute output over the data.
  case meanActivation = "mean-activation"
  /// Average share of outputs that are zero, as importance the share that is not (Hu and others 2016).
  case apoz
  /// Rank of feature maps (Lin and others 2020).
  case hrank
  /// Weights times the norm of what they read (Sun and others 2024).
  case wanda
  /// Activity of units that carry what the network's outputs tell apart.
  case distilledSparsity = "distilled-sparsity"
  /// Optimal brain surgeon: the loss's growth after the best change of all other weights (Hassibi and Stork 1993).
  case obs
  /// Layer-wise reconstruction, the remaining weights updated (Frantar and Alistarh 2023).
  case sparseGPT = "sparsegpt"
  /// Trace of the Hessian over a unit's weights (Yu and others 2022).
  case hessianTrace = "hessian-trace"
  /// Whether training moves weights away from zero (Sanh and others 2020).
  case movement
  /// Dropout rates learned with variational dropout (Molchanov and others 2017).
  case dropoutRates = "dropout-rates"
  /// Gates on units, learned on the data.
  case gates

  /// True when scoring needs batches of training data.
  package var needsData: Bool {
    switch self {
    case .taylor, .gradientSign, .snip, .grasp, .fisher, .obd, .entropy, .meanActivation, .apoz, .hrank, .wanda,
      .distilledSparsity, .obs, .sparseGPT, .hessianTrace, .movement, .dropoutRates, .gates:
      true
    case .random, .l1, .l2, .batchNormScale, .fpgm, .linf, .lamp, .mean, .variance, .skewness, .kurtosis, .synflow:
      false
    }
  }

  /// True when scoring draws random numbers beside the choice of batches.
  package var drawsNumbers: Bool {
    switch self {
    case .random, .obd, .hessianTrace, .dropoutRates, .gates: true
    case .l1, .l2, .batchNormScale, .taylor, .fpgm, .linf, .lamp, .mean, .variance, .skewness, .kurtosis,
      .gradientSign, .snip, .grasp, .synflow, .fisher, .entropy, .meanActivation, .apoz, .hrank, .wanda,
      .distilledSparsity, .obs, .sparseGPT, .movement:
      false
    }
  }

  /// True when single weights can be judged, not channels only.
  package var judgesElements: Bool {
    switch self {
    case .random, .l1, .l2, .taylor, .linf, .lamp, .gradientSign, .snip, .grasp, .synflow, .fisher, .obd, .wanda, .obs,
      .sparseGPT, .hessianTrace, .movement, .dropoutRates:
      true
    case .batchNormScale, .fpgm, .mean, .variance, .skewness, .kurtosis, .entropy, .meanActivation, .apoz, .hrank,
      .distilledSparsity, .gates:
      false
    }
  }

  /// True for moments of the weights, the statistics that a transform can precede.
  package var isMoment: Bool {
    switch self {
    case .mean, .variance, .skewness, .kurtosis: true
    case .random, .l1, .l2, .batchNormScale, .taylor, .fpgm, .linf, .lamp, .gradientSign, .snip, .grasp, .synflow,
      .fisher, .obd, .entropy, .meanActivation, .apoz, .hrank, .wanda, .distilledSparsity, .obs, .sparseGPT,
      .hessianTrace, .movement, .dropoutRates, .gates:
      false
    }
  }

  /// True when the criterion can score what this granularity removes.
  package func judges(_ granularity: Granularity) -> Bool { granularity.isStructured || judgesElements }

  /// The criteria of which something is true, between commas: what a remedy names.
  package static func names(where holds: (Criterion) -> Bool) -> String {
    allCases.filter(holds).map(\.rawValue).joined(separator: ", ")
  }

  /// True when the weights that stay are changed to make up for those that leave.
  package var updatesWeights: Bool { self == .obs || self == .sparseGPT }

  /// Which end of the statistic leaves, where the plan does not say: as its source has it. Moments have no source that we
  /// know of: units of little spread leave, and means, skews and tails far from those of the other units.
  package var usualRemoval: Removal {
    switch self {
    case .mean, .skewness, .kurtosis: .outlying
    case .random, .l1, .l2, .batchNormScale, .taylor, .fpgm, .linf, .lamp, .variance, .gradientSign, .snip, .grasp,
      .synflow, .fisher, .obd, .entropy, .meanActivation, .apoz, .hrank, .wanda, .distilledSparsity, .obs, .sparseGPT,
      .hessianTrace, .movement, .dropoutRates, .gates:
      .low
    }
  }

  /// What a search tries unless its spec says otherwise.
  package static let usual: [Criterion] = [.random, .l1, .l2, .batchNormScale, .taylor, .fpgm]
}
