import Foundation
import Support

/// A complete pruning recipe. Its canonical bytes are its identity: equal plans are one trial.
package struct PruningPlan: Hashable, Sendable, Codable {
  /// The version of this format; it is part of the identity.
  package var version: Int
  package var criterion: Criterion
  /// Nil: as is usual for the criterion.
  package var removal: Removal?
  package var granularity: Granularity
  package var scope: Scope
  package var sparsity: Sparsity
  package var layers: LayerSet
  package var schedule: Schedule
  package var order: LayerOrder
  /// Every group keeps a multiple of this many channels, where it has that many.
  package var roundTo: Int
  /// Every group keeps at least this many channels (or weights).
  package var minimumKept: Int
  package var recovery: Recovery
  /// Seeds scores, batches and augmentation of every rung.
  package var seed: UInt64

  package init(
    criterion: Criterion, removal: Removal? = nil, granularity: Granularity = .channel, scope: Scope = .global,
    sparsity: Sparsity,
    layers: LayerSet = LayerSet(), schedule: Schedule = .oneShot, order: LayerOrder = .allAtOnce, roundTo: Int = 1,
    minimumKept: Int = 1, recovery: Recovery = Recovery(), seed: UInt64 = 0
  ) {
    version = 1
    self.criterion = criterion
    self.removal = removal
    self.granularity = granularity
    self.scope = scope
    self.sparsity = sparsity
    self.layers = layers
    self.schedule = schedule
    self.order = order
    self.roundTo = roundTo
    self.minimumKept = minimumKept
    self.recovery = recovery
    self.seed = seed
  }

  /// The plan that removes nothing: the baseline's.
  package static func dense(seed: UInt64) -> PruningPlan {
    PruningPlan(criterion: .random, scope: .local, sparsity: .uniform(0), seed: seed)
  }

  package var removesNothing: Bool {
    switch sparsity {
    case .uniform(let share): share == 0
    case .perGroup(let shares): shares.values.allSatisfy { $0 == 0 }
    }
  }

  /// Scores as importance: the lowest leave.
  package func importance(_ scores: [Float]) -> [Float] { (removal ?? criterion.usualRemoval).importance(scores) }

  /// The bytes that name this plan and travel with its networks.
  package func canonicalBytes() throws -> Data { try CanonicalBytes.encode(self) }

  package func identity() throws -> Digest { Digest(of: try canonicalBytes()) }
}

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

  /// True when scoring needs batches of training data.
  package var needsData: Bool {
    switch self {
    case .taylor, .gradientSign, .snip, .grasp, .fisher, .obd: true
    case .random, .l1, .l2, .batchNormScale, .fpgm, .linf, .lamp, .mean, .variance, .skewness, .kurtosis, .synflow:
      false
    }
  }

  /// True when scoring draws random numbers beside the choice of batches.
  package var drawsNumbers: Bool { self == .random || self == .obd }

  /// True when single weights can be judged, not channels only.
  package var judgesElements: Bool {
    switch self {
    case .random, .l1, .l2, .taylor, .linf, .lamp, .gradientSign, .snip, .grasp, .synflow, .fisher, .obd: true
    case .batchNormScale, .fpgm, .mean, .variance, .skewness, .kurtosis: false
    }
  }

  /// Which end of the statistic leaves, where the plan does not say: as its source has it. Moments have no source that we
  /// know of: units of little spread leave, and means, skews and tails far from those of the other units.
  package var usualRemoval: Removal {
    switch self {
    case .mean, .skewness, .kurtosis: .outlying
    case .random, .l1, .l2, .batchNormScale, .taylor, .fpgm, .linf, .lamp, .variance, .gradientSign, .snip, .grasp,
      .synflow, .fisher, .obd:
      .low
    }
  }

  /// What a search tries unless its spec says otherwise.
  package static let usual: [Criterion] = [.random, .l1, .l2, .batchNormScale, .taylor, .fpgm]
}

/// Which units leave by their statistic.
package enum Removal: String, Hashable, Sendable, Codable, CaseIterable {
  case low, high
  /// Those farthest from the median of their group.
  case outlying

  /// Statistics as importance, of which the lowest leave.
  package func importance(_ statistics: [Float]) -> [Float] {
    switch self {
    case .low: return statistics
    case .high: return statistics.map { -$0 }
    case .outlying:
      guard !statistics.isEmpty else { return [] }
      let sorted = statistics.sorted()
      let middle = sorted.count / 2
      let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
      return statistics.map { -abs($0 - median) }
    }
  }
}

/// What leaves: whole channels (really smaller tensors) or single weights (zeros).
package enum Granularity: String, Hashable, Sendable, Codable, CaseIterable {
  case channel, element
}

/// Over what the ranking runs.
package enum Scope: String, Hashable, Sendable, Codable, CaseIterable {
  /// One ranking over all groups, of scores normalised per group.
  case global
  /// The same share in every group.
  case local
  /// A share of its own for every group.
  case perGroup = "per-group"
}

/// The share of channels (or weights) that leave, 0 to below 1.
package enum Sparsity: Hashable, Sendable, Codable {
  case uniform(Double)
  /// By group name; groups that are not named keep all.
  case perGroup([String: Double])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let share = try? container.decode(Double.self) {
      self = .uniform(share)
    } else {
      self = .perGroup(try container.decode([String: Double].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .uniform(let share): try container.encode(share)
    case .perGroup(let shares): try container.encode(shares)
    }
  }
}

/// The layers that may be pruned, by names with `*` and `?`; exclusion wins.
package struct LayerSet: Hashable, Sendable, Codable {
  package var include: [String]
  package var exclude: [String]

  package init(include: [String] = ["*"], exclude: [String] = []) {
    self.include = include
    self.exclude = exclude
  }

  package func contains(_ layer: String) -> Bool {
    include.contains { Glob.matches(layer, pattern: $0) } && !exclude.contains { Glob.matches(layer, pattern: $0) }
  }
}

package enum Schedule: String, Hashable, Sendable, Codable, CaseIterable {
  case oneShot = "one-shot"
}

package enum LayerOrder: String, Hashable, Sendable, Codable, CaseIterable {
  case allAtOnce = "all"
}

/// How accuracy is won back after the cut.
package struct Recovery: Hashable, Sendable, Codable {
  /// Batches over which batch-norm statistics are measured anew before evaluation; 0 leaves them.
  package var recalibrationBatches: Int
  package var learningRate: Double
  package var momentum: Double
  package var weightDecay: Double
  package var batchSize: Int
  /// Training samples that make one epoch; nil takes all.
  package var samplesPerEpoch: Int?
  package var augmentation: Augmentation

  package init(
    recalibrationBatches: Int = 16, learningRate: Double = 0.02, momentum: Double = 0.9, weightDecay: Double = 5e-4,
    batchSize: Int = 128, samplesPerEpoch: Int? = nil, augmentation: Augmentation = Augmentation()
  ) {
    self.recalibrationBatches = recalibrationBatches
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.batchSize = batchSize
    self.samplesPerEpoch = samplesPerEpoch
    self.augmentation = augmentation
  }
}

/// Random changes to training images.
package struct Augmentation: Hashable, Sendable, Codable {
  /// Zero pixels padded on every side before a random crop to the old size; 0 does not crop.
  package var cropPadding: Int
  /// Mirrors every second image, by chance.
  package var flips: Bool

  package init(cropPadding: Int = 0, flips: Bool = false) {
    self.cropPadding = cropPadding
    self.flips = flips
  }
}
