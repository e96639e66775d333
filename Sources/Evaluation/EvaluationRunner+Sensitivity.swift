import StudyModel

extension EvaluationRunner {
  /// What half of each group costs, by the study's first criterion that looks at weights alone (L1 where it has none): the scan
  /// puts groups in an order, and that hardly depends on the criterion.
  package func sensitivity(progress: (Double) throws -> Void) throws -> SensitivityScan {
    let space = context.spec.space
    var entries: [SensitivityScan.Entry] = []
    let granularities = space.granularities.filter { !$0.isNOfM }
    for (number, granularity) in granularities.enumerated() {
      let criterion = space.criteria.first { !$0.needsData && $0 != .random && $0.judges(granularity) } ?? .l1
      let plan = PruningPlan(
        criterion: criterion, granularity: granularity, scope: .perGroup, sparsity: .uniform(0), layers: space.layers,
        roundTo: space.roundTo, recovery: context.spec.fineTune.recovery, seed: context.spec.seed)
      let scan = try SensitivityMeasurement(execution, data: data, cache: execution.sensitivityCache).forOrder(plan) {
        try progress((Double(number) + $0) / Double(granularities.count))
      }
      entries += scan.entries
    }
    return SensitivityScan(entries: entries)
  }
}
