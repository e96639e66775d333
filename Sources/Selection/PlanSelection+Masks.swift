import ChannelGroups
import StudyModel

/// Weights that become zeros: single elements, blocks, N of M.
extension PlanSelection {
  /// For every weight that the plan's layer set admits, whether each element stays (row-major); weights not named stay whole.
  package static func elementMasks(
    weights: [PrunableWeight], scores: [String: [Float]], plan: PruningPlan, layers: LayerAdmission? = nil
  ) throws -> [String: [Bool]] {
    try maskOutcome(weights: weights, scores: scores, plan: plan, layers: layers).masks
  }

  /// The same with the target and the gap to it.
  ///
  /// `scores` holds, by weight name, one score per element, higher is more important. What stays of the elements (or blocks) is
  /// `floor((1 - share) * all)`, of all admitted weights (global; scores are not normalised unless asked, as magnitude pruning
  /// is usually defined), of each (local) or of each output row of each (row). Per-group shares go by layer name. Every weight keeps the plan's minimum, so
  /// many of its best elements or blocks. Ties: the lower index leaves first. A share of parameters counts those of the
  /// whole network that are not zero (`parameters`); elements that are zero already leave for nothing.
  package static func maskOutcome(
    weights: [PrunableWeight], scores: [String: [Float]], plan: PruningPlan, layers: LayerAdmission? = nil,
    structures: [String: String] = [:], parameters: NonzeroParameters? = nil
  ) throws -> MaskOutcome {
    guard !plan.granularity.isStructured else {
      throw SelectionError(.wrongGranularity, "A plan of granularity '\(plan.granularity.rawValue)' masks no elements.")
    }
    let layers = layers ?? LayerAdmission(names: plan.layers)
    let admitted = weights.filter { layers.contains($0.layer) }
    let importances = try importances(of: admitted, scores, plan)
    if case .nOfM(let kept, let run) = plan.granularity {
      let masks = zip(admitted, importances).map { RunMask.mask($0, scores: $1, kept: kept, of: run) }
      return MaskOutcome(masks: named(admitted, masks), reached: nil)
    }
    try checkMeasure(plan)
    var draft = MaskDraft(admitted, importances, plan)
    switch plan.sparsity {
    case .threshold(let threshold): draft.cutBelow(plan.removal.limit(threshold))
    case .uniform(let share) where plan.runsOneRanking:
      try check(share: share, of: "the plan")
      let chosen =
        plan.scope == .layersThenWeights ? try LayerChoice.leastImportant(importances, plan) : Array(admitted.indices)
      if plan.measure == .units {
        draft.cutGlobally(share, chosen, structures: structures)
      } else {
        try draft.cutParameters(share, chosen, parameters)
      }
    case .uniform where plan.scope == .row: draft.cutRows(try elementShares(admitted, plan, known: weights))
    case .uniform, .perGroup: draft.cutLocally(try elementShares(admitted, plan, known: weights))
    }
    return MaskOutcome(masks: named(admitted, draft.masks), reached: draft.gap)
  }

  private static func named(_ weights: [PrunableWeight], _ masks: [[Bool]]) -> [String: [Bool]] {
    Dictionary(uniqueKeysWithValues: zip(weights.map(\.weight), masks))
  }

  private static func importances(
    of weights: [PrunableWeight], _ scores: [String: [Float]], _ plan: PruningPlan
  ) throws -> [[Float]] {
    try weights.map { weight in
      guard let values = scores[weight.weight], values.count == weight.count, values.allSatisfy(\.isFinite) else {
        throw SelectionError(
          .invalidScores,
          "Weight '\(weight.weight)' has \(weight.count) elements; its \(scores[weight.weight]?.count ?? 0) scores are not one finite number for each."
        )
      }
      return plan.importance(values)
    }
  }

  private static func elementShares(
    _ admitted: [PrunableWeight], _ plan: PruningPlan, known: [PrunableWeight]
  ) throws -> [Double] {
    switch plan.sparsity {
    case .uniform(let share):
      try check(share: share, of: "the plan")
      return admitted.map { _ in share }
    case .perGroup(let shares):
      for name in shares.keys.sorted() {
        guard known.contains(where: { $0.layer == name }) else {
          throw SelectionError(
            .unknownGroup, "The plan gives a sparsity for '\(name)', which is no layer with a weight to prune.",
            remedy: "The layers are: \(known.map(\.layer).joined(separator: ", ")).")
        }
        try check(share: shares[name] ?? 0, of: "'\(name)'")
      }
      return admitted.map { shares[$0.layer] ?? 0 }
    case .threshold: return []
    }
  }
}
