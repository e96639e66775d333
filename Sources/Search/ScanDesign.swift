import StudyModel

/// What a study measures before its first trial, where its spec asks for a sensitivity scan: every group cut by half, alone.
package enum ScanDesign {
  /// A plan for each granularity and group, in the order in which they are given. Patterns such as 2:4 have no share to choose,
  /// and no plan.
  ///
  /// Each ranks by the study's first criterion that looks at weights alone (L1 where it has none): the scan puts groups in an
  /// order, and that hardly depends on the criterion.
  package static func plans(_ spec: StudySpec, groups: [GroupSummary]) -> [PruningPlan] {
    guard spec.usesSensitivity else { return [] }
    let space = spec.space
    return space.granularities.filter { !$0.isNOfM }.flatMap { granularity in
      let criterion = space.criteria.first { !$0.needsData && $0 != .random && $0.judges(granularity) } ?? .l1
      return groups.filter { $0.granularity == nil || $0.granularity == granularity }.map { group in
        PruningPlan(
          criterion: criterion, granularity: granularity, scope: .perGroup,
          sparsity: .perGroup([group.name: SensitivityScan.orderRatio]), layers: space.layers,
          replacement: space.replacement.flatMap { $0.applies(to: granularity, criterion) ? $0 : nil },
          roundTo: space.roundTo,
          recovery: spec.fineTune.recovery, seed: spec.seed)
      }
    }
  }
}
