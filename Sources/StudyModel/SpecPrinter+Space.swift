/// The space of plans, every list and default written out.
extension SpecPrinter {
  static func space(_ space: SearchSpace) -> SpecNode {
    mapping([
      ("criterion", .list(space.choices.map(choice), line: 0)),
      ("remove", usual(space.removals)),
      ("aggregation", usual(space.aggregations)),
      ("normalization", usual(space.normalizations)),
      ("transform", list(space.transforms.map(\.rawValue))),
      ("granularity", list(space.granularities.map(\.rawValue))),
      ("scope", scalar(space.scope.rawValue)),
      ("layer-share", optional(space.layerShare, "usual")),
      ("sparsity", sparsity(space)),
      ("layers", layers(space.layers)),
      ("round-to", scalar(space.roundTo)),
      ("schedule", .list(space.schedules.map(schedule), line: 0)),
      ("order", list(space.orders.map(\.rawValue))),
      ("sparse-training", .list(space.sparseTrainings.map(sparseTraining), line: 0)),
      ("redundancy", scalar(space.removesRedundant)),
      ("mean-replacement", scalar(space.replacement == .mean)),
    ])
  }

  /// Each plan with what it does not have from `shared`.
  static func plans(_ plans: [SearchSpace], shared: SearchSpace) -> SpecNode {
    guard case .mapping(let common, _) = space(shared) else { return .list([], line: 0) }
    let nodes = plans.map { plan -> SpecNode in
      guard case .mapping(let own, _) = space(plan) else { return .null(line: 0) }
      return .mapping(own.filter { !common.contains($0) }, line: 0)
    }
    return .list(nodes, line: 0)
  }

  private static func choice(_ choice: CriterionChoice) -> SpecNode {
    if choice.isPlain { return scalar(choice.criterion.rawValue) }
    let own: [(String, String?)] = [
      ("remove", choice.removal?.rawValue), ("aggregation", choice.aggregation?.rawValue),
      ("normalization", choice.normalization?.rawValue), ("transform", choice.transform?.rawValue),
    ]
    return mapping(
      [("name", scalar(choice.criterion.rawValue))] + own.compactMap { key, word in word.map { (key, scalar($0)) } })
  }

  private static func sparsity(_ space: SearchSpace) -> SpecNode {
    let target = ("target", scalar(SparsityReading.word(space.measure)))
    if !space.thresholds.isEmpty { return mapping([target, ("threshold", list(space.thresholds))]) }
    if let shares = space.shares {
      return mapping([("share", list(shares)), target, ("threshold", scalar("none"))])
    }
    return mapping([
      ("min", scalar(space.minimumSparsity)), ("max", scalar(space.maximumSparsity)), ("share", scalar("none")), target,
      ("threshold", scalar("none")),
    ])
  }

  private static func layers(_ layers: LayerSet) -> SpecNode {
    mapping([
      ("include", list(layers.include)), ("exclude", list(layers.exclude)),
      ("kinds", layers.kinds.isEmpty ? scalar("all") : list(layers.kinds)),
      ("depth", list([layers.depth.lowerBound, layers.depth.upperBound])),
      ("first", optional(layers.first, "all")), ("last", optional(layers.last, "all")),
    ])
  }

  private static func schedule(_ schedule: Schedule) -> SpecNode {
    if schedule.kind.parts.isEmpty { return scalar(schedule.kind.rawValue) }
    return mapping(
      [("kind", scalar(schedule.kind.rawValue))]
        + schedule.kind.parts.map { part in
          switch part {
          case .steps: (part.rawValue, scalar(schedule.steps))
          case .epochsPerStep: (part.rawValue, scalar(schedule.epochsPerStep))
          case .rate: (part.rawValue, scalar(schedule.rate))
          case .tolerance: (part.rawValue, scalar(schedule.tolerance))
          case .rewind: (part.rawValue, schedule.rewind.map { scalar($0) } ?? scalar("none"))
          }
        })
  }

  private static func sparseTraining(_ training: SparseTraining?) -> SpecNode {
    guard let training else { return scalar("none") }
    return mapping([
      ("penalty", scalar(training.penalty.rawValue)), ("update", scalar(training.update.rawValue)),
      ("strength", scalar(training.strength)), ("epochs", scalar(training.epochs)),
    ])
  }

  private static func usual<Value>(_ values: [Value?]) -> SpecNode
  where Value: RawRepresentable, Value.RawValue == String {
    list(values.map { $0?.rawValue ?? "usual" })
  }
}
