/// The part of a spec that says which plans there are: the sampler, and the plans of a list.
enum SweepReading {
  static func sampler(_ top: SpecSection) throws -> SamplerKind {
    let plans = try top["plans"]?.unless("none") { $0 }
    guard let cursor = top["sampler"] else { return plans == nil ? .nsga2 : .list }
    let known = SamplerKind.allCases.map(\.rawValue)
    let name = try cursor.choice("sampler", of: known, notBuilt: SpecVocabulary.samplersNotBuilt)
    let kind = SamplerKind(rawValue: name) ?? .nsga2
    if kind == .list, plans == nil {
      throw cursor.error(
        .missingKey, "the sampler 'list' takes the plans that the spec lists under 'plans', and there are none",
        remedy: "Write plans: [{criterion: l1, sparsity: 0.5}], or sampler: grid for all choices of the space.")
    }
    if kind != .list, plans != nil {
      throw cursor.error(
        .conflict, "'plans' lists every plan, so there is nothing that the sampler '\(name)' could choose",
        remedy: "Leave sampler out, or remove plans.")
    }
    return kind
  }

  /// The plans of the list, each with the keys of `space`; what a plan does not say itself is taken from there.
  static func plans(_ top: SpecSection, rungs: [Double]) throws -> [SearchSpace]? {
    guard let cursor = try top["plans"]?.unless("none", { $0 }) else { return nil }
    var shared: [SpecNode.Entry] = []
    if case .mapping(let entries, _)? = top["space"]?.node { shared = entries }
    var plans: [SearchSpace] = []
    for item in try cursor.items() {
      guard case .mapping(let own, let line) = item.node else {
        throw item.error(
          .wrongType, "\(item.node.summary) is not a plan",
          remedy: "Write the keys of space with one value each, such as {criterion: l1, sparsity: 0.5}.")
      }
      let keys = Set(own.map(\.key))
      let node = SpecNode.mapping(shared.filter { !keys.contains($0.key) } + own, line: line)
      let merged = SpecCursor(node: node, path: item.path)
      let plan = try SpaceReading.space(merged, rungs: rungs, sampler: .list)
      try checkIsOne(plan, merged)
      if let earlier = plans.firstIndex(of: plan) {
        throw item.error(
          .duplicateKey, "it is the same plan as plans[\(earlier)]", remedy: "Remove one of the two.")
      }
      plans.append(plan)
    }
    guard !plans.isEmpty else {
      throw cursor.error(
        .outOfRange, "the list of plans is empty", remedy: "Write for example [{criterion: l1, sparsity: 0.5}].")
    }
    return plans
  }

  /// A grid is finite: every choice of its space must be a list.
  static func checkGrid(_ space: SearchSpace, _ top: SpecSection) throws {
    guard space.thresholds.isEmpty, !space.hasListedShares, !space.granularities.allSatisfy(\.isNOfM) else { return }
    let place = try top["space"]?.section()["sparsity"] ?? top["sampler"]
    let reason =
      "the sampler 'grid' takes every choice of the space, and the sparsity is a range from "
      + "\(space.minimumSparsity) to \(space.maximumSparsity), in which there is no end of choices"
    let remedy = "Write a list, such as sparsity: [0.3, 0.5, 0.7]; or sampler: random."
    throw place?.error(.conflict, reason, remedy: remedy)
      ?? SpecError(.conflict, line: 0, path: "space.sparsity", reason: reason, remedy: remedy)
  }

  private static func checkIsOne(_ plan: SearchSpace, _ cursor: SpecCursor) throws {
    let section = try cursor.section()
    guard section["criterion"] != nil else {
      throw section.error(
        at: "criterion", .missingKey, "the plan names no criterion",
        remedy: "Write criterion: l1 in the plan, or in space for all plans.")
    }
    let counts = [
      ("criterion", plan.choices.count), ("remove", plan.removals.count), ("aggregation", plan.aggregations.count),
      ("normalization", plan.normalizations.count), ("transform", plan.transforms.count),
      ("granularity", plan.granularities.count), ("schedule", plan.schedules.count), ("order", plan.orders.count),
      ("sparse-training", plan.sparseTrainings.count), ("sparsity", plan.thresholds.count),
    ]
    if let (key, count) = counts.first(where: { $0.1 > 1 }) {
      throw section.error(
        at: key, .conflict, "a plan has one value of '\(key)', and here are \(count)",
        remedy: "Write one of them, and a plan for each other one; or sampler: grid without plans.")
    }
    if plan.thresholds.isEmpty, !plan.granularities.allSatisfy(\.isNOfM),
      plan.minimumSparsity != plan.maximumSparsity
    {
      throw section.error(
        at: "sparsity", .conflict,
        "a plan has one sparsity, and here is "
          + (plan.shares.map { "a list of \($0.count)" }
            ?? "the range from \(plan.minimumSparsity) to \(plan.maximumSparsity)"),
        remedy: "Write a share, such as sparsity: 0.5.")
    }
    if plan.scope == .perGroup {
      throw section.error(
        at: "scope", .conflict,
        "a listed plan has one share, and the scope 'per-group' gives each group a share of its own",
        remedy: "Write scope: local for the same share in every group, or scope: global.")
    }
  }
}

extension SearchSpace {
  /// True when the shares that plans may take can be counted.
  package var hasListedShares: Bool { shares != nil || minimumSparsity == maximumSparsity }
}
