extension Schedule {
  /// What can be chosen of a schedule beside its kind; the raw value is its key in specs.
  package enum Part: String, Hashable, Sendable, CaseIterable {
    case steps
    case epochsPerStep = "epochs-per-step"
    case rate, tolerance, rewind
  }

  /// A schedule that parts so many epochs of training evenly, with the usual number of cuts where `steps` is nil.
  ///
  /// After each cut comes one part, the last of them fine-tuning; schedules that look at the score train after every cut, and may
  /// need one part before the first.
  package static func usual(_ kind: Kind, epochs: Double, steps: Int? = nil) -> Schedule {
    let count: Int
    let parts: Int
    switch kind {
    case .oneShot: return .oneShot
    case .iterative, .agp: (count, parts) = (steps ?? 4, steps ?? 4)
    // A rate of 0.2 has removed 0.83 after eight steps.
    case .fixedRate: (count, parts) = (steps ?? 8, steps ?? 8)
    case .dynamicRate, .history: (count, parts) = (steps ?? 8, (steps ?? 8) + 2)
    }
    return Schedule(kind, steps: count, epochsPerStep: max(0, epochs) / Double(max(parts, 1)))
  }
}

extension Schedule {
  /// Epochs of training up to the last cut, at most: sparse training (at least until the epoch to rewind to, for which a plan
  /// without sparse training trains as long as a step), then a step after each cut; schedules that look at the score train after
  /// the last, too.
  package func longest(with training: SparseTraining?) -> Double {
    var before = training?.epochs ?? 0
    if let rewind { before = max(rewind, training?.epochs ?? epochsPerStep) }
    let stretches: Int
    switch kind {
    case .oneShot: stretches = 0
    case .iterative, .agp, .fixedRate: stretches = max(steps - 1, 0)
    case .dynamicRate, .history: stretches = max(steps, 1)
    }
    return before + Double(stretches) * epochsPerStep
  }
}

extension Schedule.Kind {
  /// What of a schedule goes with this kind, in the order in which it is written.
  package var parts: [Schedule.Part] {
    switch self {
    case .oneShot: []
    case .iterative, .agp: [.steps, .epochsPerStep, .rewind]
    case .fixedRate: [.steps, .epochsPerStep, .rate, .rewind]
    case .dynamicRate: [.steps, .epochsPerStep, .rate, .tolerance, .rewind]
    case .history: [.steps, .epochsPerStep, .tolerance, .rewind]
    }
  }
}
