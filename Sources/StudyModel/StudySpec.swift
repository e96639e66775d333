import Support

/// A study's specification with every default filled in; its canonical bytes are part of the study's identity.
package struct StudySpec: Hashable, Sendable, Codable {
  /// The version of the format: the spec's key `coppice`.
  package var version: Int
  package var study: String
  package var network: NetworkSource
  package var data: DataSource
  package var input: InputNormalization
  package var split: SplitSpec
  /// The dense network's accuracy on the validation split, below which the study does not start.
  package var expectedAccuracy: Double?
  package var objectives: [Objective]
  package var latency: LatencySpec
  package var space: SearchSpace
  package var fineTune: FineTuneSpec
  package var sampler: SamplerKind
  /// The plans of the sampler `list`, each as a space that holds exactly one; nil for all other samplers.
  package var plans: [SearchSpace]?
  /// The first plans leave more to groups whose pruning costs more, as a scan before the search finds.
  package var usesSensitivity: Bool
  package var constraints: [Constraint]
  package var budget: Budget
  package var workers: Int
  /// Bytes that the study's folder may take; nil sets no limit.
  package var diskLimit: Int?
  /// Bytes of main memory that one engine may take before it is replaced; nil limits only its growth.
  package var memoryLimit: Int?
  package var seed: UInt64

  package init(
    study: String, network: NetworkSource, data: DataSource, input: InputNormalization = InputNormalization(),
    split: SplitSpec = SplitSpec(), expectedAccuracy: Double? = nil, objectives: [Objective],
    latency: LatencySpec = LatencySpec(), space: SearchSpace = SearchSpace(), fineTune: FineTuneSpec = FineTuneSpec(),
    sampler: SamplerKind = .nsga2, plans: [SearchSpace]? = nil, usesSensitivity: Bool = false,
    constraints: [Constraint] = [],
    budget: Budget = Budget(), workers: Int = 2, diskLimit: Int? = nil, memoryLimit: Int? = nil, seed: UInt64 = 0
  ) {
    version = 1
    self.study = study
    self.network = network
    self.data = data
    self.input = input
    self.split = split
    self.expectedAccuracy = expectedAccuracy
    self.objectives = objectives
    self.latency = latency
    self.space = space
    self.fineTune = fineTune
    self.sampler = sampler
    self.plans = plans
    self.usesSensitivity = usesSensitivity
    self.constraints = constraints
    self.budget = budget
    self.workers = workers
    self.diskLimit = diskLimit
    self.memoryLimit = memoryLimit
    self.seed = seed
  }
}

extension StudySpec {
  /// True when an objective or a constraint needs latency; otherwise no evaluation spends time on it.
  package var measuresLatency: Bool {
    objectives.contains(.latency) || constraints.contains { $0.objective == .latency }
  }

  /// All that plans are made from: the listed plans where there are some, else the one space.
  package var spaces: [SearchSpace] { plans ?? [space] }

  /// Every granularity that a plan may have, in the order of the spec.
  package var granularities: [Granularity] { spaces.flatMap(\.granularities).distinct }

  /// Every criterion that a plan may have, in the order of the spec.
  package var criteria: [Criterion] { spaces.flatMap(\.criteria).distinct }

  /// Which trials of a rung go on to the next.
  package var promotion: Promotion { fineTune.promotion ?? sampler.usualPromotion }
}

/// A dataset by format and, where the format has no home of its own, a folder.
package struct DataSource: Hashable, Sendable, Codable {
  /// "fashion-mnist", "idx" or "cifar10".
  package var format: String
  package var path: String?

  package init(format: String, path: String? = nil) {
    self.format = format
    self.path = path
  }

  /// As on the command line: "fashion-mnist", "idx:DIR", "cifar10:DIR".
  package var text: String { path.map { "\(format):\($0)" } ?? format }
}

/// A pixel p becomes (p / scale - mean) / std, by channel; one value serves all channels.
package struct InputNormalization: Hashable, Sendable, Codable {
  package var scale: Double
  package var mean: [Double]
  package var std: [Double]

  package init(scale: Double = 255, mean: [Double] = [0], std: [Double] = [1]) {
    self.scale = scale
    self.mean = mean
    self.std = std
  }
}

/// How samples are divided, so that validation never judges with what the given weights have seen.
package struct SplitSpec: Hashable, Sendable, Codable {
  /// Samples for training and for validation; nil takes what is there: five sixths and one sixth of the training file, or,
  /// when the weights have seen it, all of it and half of the test file.
  package var train: Int?
  package var validation: Int?
  package var seed: UInt64
  /// The given weights were trained on the whole training file, so validation is cut from the test file, the rest of which
  /// stays sealed.
  package var seenTraining: Bool
  /// Takes samples in the file's order instead of shuffling by seed.
  package var keepsFileOrder: Bool

  package init(
    train: Int? = nil, validation: Int? = nil, seed: UInt64 = 0, seenTraining: Bool = true, keepsFileOrder: Bool = false
  ) {
    self.train = train
    self.validation = validation
    self.seed = seed
    self.seenTraining = seenTraining
    self.keepsFileOrder = keepsFileOrder
  }

  /// Takes validation from the other file where that is asked for; a count that stood for the one file is not meant for the other.
  package mutating func judgeApart(seenTraining: Bool) {
    if seenTraining != self.seenTraining { validation = nil }
    self.seenTraining = seenTraining
  }
}

/// What is optimised. Accuracy is maximised, the others are minimised as ratios to the baseline.
package enum Objective: String, Hashable, Sendable, Codable, CaseIterable {
  case accuracy, parameters, macs, size, latency
}

package struct LatencySpec: Hashable, Sendable, Codable {
  package var batch: Int
  package var threads: Int
  /// "libtorch".
  package var runtime: String

  package init(batch: Int = 1, threads: Int = 1, runtime: String = "libtorch") {
    self.batch = batch
    self.threads = threads
    self.runtime = runtime
  }
}

package struct FineTuneSpec: Hashable, Sendable, Codable {
  /// Cumulative epochs of each rung, rising from 0; fractions are allowed.
  package var rungs: [Double]
  /// Nil: as is usual for the sampler.
  package var promotion: Promotion?
  /// "sgd".
  package var optimizer: String
  package var recovery: Recovery

  package init(
    rungs: [Double] = [0, 1, 3], promotion: Promotion? = nil, optimizer: String = "sgd", recovery: Recovery = Recovery()
  ) {
    self.rungs = rungs
    self.promotion = promotion
    self.optimizer = optimizer
    self.recovery = recovery
  }
}

package enum SamplerKind: String, Hashable, Sendable, Codable, CaseIterable {
  case random, nsga2
  /// The whole product of the space's lists, in a fixed order.
  case grid
  /// The plans that the spec lists, in its order.
  case list

  /// True when the spec itself says every plan, so that nothing is drawn.
  package var isSweep: Bool {
    switch self {
    case .random, .nsga2: false
    case .grid, .list: true
    }
  }

  /// Whoever says every plan wants to see each of them in full; whoever has plans drawn wants the good ones.
  package var usualPromotion: Promotion { isSweep ? .all : .third }
}

/// Which of the trials that have finished a rung go on to the next. Those that break a constraint which no training can heal,
/// and those whose network another trial has, never do.
package enum Promotion: String, Hashable, Sendable, Codable, CaseIterable {
  case all
  /// The better third.
  case third
}

/// When the search ends; whichever comes first.
package struct Budget: Hashable, Sendable, Codable {
  package var seconds: Double?
  package var trials: Int?

  package init(seconds: Double? = nil, trials: Int? = nil) {
    self.seconds = seconds
    self.trials = trials
  }
}

/// One inequality over a measure, such as `accuracy >= baseline - 0.05` or `parameters <= 0.5 baseline`.
package struct Constraint: Hashable, Sendable, Codable {
  package enum Relation: String, Hashable, Sendable, Codable { case atLeast = ">=", atMost = "<=" }

  package var objective: Objective
  package var relation: Relation
  /// The bound is factor * baseline + offset; factor 0 makes it absolute.
  package var baselineFactor: Double
  package var offset: Double

  package init(objective: Objective, relation: Relation, baselineFactor: Double, offset: Double) {
    self.objective = objective
    self.relation = relation
    self.baselineFactor = baselineFactor
    self.offset = offset
  }

  /// How far `value` is on the wrong side of the bound; 0 when it holds.
  package func violation(of value: Double, baseline: Double) -> Double {
    let bound = baselineFactor * baseline + offset
    return max(0, relation == .atLeast ? bound - value : value - bound)
  }
}

extension Array where Element: Hashable {
  /// Each element once, where it stands first.
  var distinct: [Element] {
    var seen = Set<Element>()
    return filter { seen.insert($0).inserted }
  }
}
