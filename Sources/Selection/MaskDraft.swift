import ChannelGroups
import StudyModel

/// Which cells of some weights stay, while it is decided.
struct MaskDraft {
  private let weights: [PrunableWeight]
  private let plan: PruningPlan
  private let cells: [MaskCells]
  /// The best cells of each weight, which stay for good.
  private let locks: [[Bool]]
  private var stays: [[Bool]]
  private(set) var gap: TargetGap

  init(_ weights: [PrunableWeight], _ importances: [[Float]], _ plan: PruningPlan) {
    self.weights = weights
    self.plan = plan
    cells = zip(weights, importances).map { MaskCells($0, scores: $1, granularity: plan.granularity) }
    locks = cells.map { Self.mostImportant(min(max(plan.minimumKept, 0), $0.count), of: $0.scores) }
    stays = cells.map { Array(repeating: true, count: $0.count) }
    gap = TargetGap(measure: plan.measure, target: 0, achieved: 0)
  }

  /// Whether each element of each weight stays.
  var masks: [[Bool]] { zip(cells, stays).map { $0.elements($1) } }

  mutating func cutBelow(_ limit: Double) {
    for (position, cell) in cells.enumerated() {
      stays[position] = zip(cell.scores, locks[position]).map { $0 >= limit || $1 }
      gap.target += cell.scores.count { $0 >= limit }
      gap.achieved += stays[position].count { $0 }
    }
  }

  /// Each weight to its own share.
  mutating func cutLocally(_ shares: [Double]) {
    for (position, share) in shares.enumerated() {
      cut(JointCells([(position, cells[position].scores, locks[position])]), to: share)
    }
  }

  /// Each output row of each weight to the weight's share; the plan's minimum is that of a row.
  mutating func cutRows(_ shares: [Double]) {
    for (position, share) in shares.enumerated() {
      for row in weights[position].rows {
        let scores = row.map { cells[position].scores[$0] }
        let locked = Self.mostImportant(min(max(plan.minimumKept, 0), row.count), of: scores)
        let joint = JointCells([(position, scores, locked)])
        let target = PlanSelection.budget(row.count, share)
        let mask = joint.keeping(joint.lowest(row.count - target))
        gap.target += target
        gap.achieved += mask.count { $0 }
        for (place, isKept) in zip(row, mask) { stays[position][place] = isKept }
      }
    }
  }

  /// One ranking over the chosen weights, or one for each structure among them, each to the same share.
  mutating func cutGlobally(_ share: Double, _ chosen: [Int], structures: [String: String]) {
    let isIsomorphic = plan.ranking.normalization == .isomorphic
    let classes = chosen.map { isIsomorphic ? structures[weights[$0].weight] ?? "" : "" }
    for members in PlanSelection.positions(of: classes) { cut(joint(members.map { chosen[$0] }), to: share) }
  }

  /// One ranking over the chosen weights until the network has no more parameters that are not zero than it may.
  mutating func cutParameters(_ share: Double, _ chosen: [Int], _ parameters: NonzeroParameters?) throws {
    guard let parameters, plan.measure == .parameters else {
      throw SelectionError(
        .unsupportedTarget,
        "A share of \(plan.measure.rawValue) cannot be met by zeros: they leave the network's shapes as they are.",
        remedy: "Take a share of parameters or of units, or the granularity channel.")
    }
    guard plan.ranking.normalization != .isomorphic else {
      throw SelectionError(
        .unsupportedTarget, "A share of parameters needs one ranking over all weights, not one for each structure.",
        remedy: "Take another normalisation, or a share of units.")
    }
    let joint = joint(chosen)
    let costs = chosen.flatMap { position in
      cells[position].counts((parameters.zeros[weights[position].weight] ?? []).map { !$0 })
    }
    gap.target = PlanSelection.budget(parameters.total, share)
    let removal = joint.lowest(costing: parameters.nonzero - gap.target, costs)
    gap.achieved = parameters.nonzero - removal.cost
    gap.previous = removal.last > 0 ? gap.achieved + removal.last : nil
    joint.distribute(joint.keeping(removal.places), to: &stays)
  }

  private func joint(_ positions: [Int]) -> JointCells {
    let normalization = plan.ranking.normalization ?? Normalization.none
    return JointCells(positions.map { ($0, normalization.normalized(cells[$0].scores), locks[$0]) })
  }

  private mutating func cut(_ joint: JointCells, to share: Double) {
    let target = PlanSelection.budget(joint.count, share)
    let mask = joint.keeping(joint.lowest(joint.count - target))
    gap.target += target
    gap.achieved += mask.count { $0 }
    joint.distribute(mask, to: &stays)
  }

  /// The `count` highest, ties to the higher index (the lower one leaves first).
  private static func mostImportant(_ count: Int, of values: [Double]) -> [Bool] {
    var locks = Array(repeating: false, count: values.count)
    if count == 1, let best = values.indices.max(by: { (values[$0], $0) < (values[$1], $1) }) {
      locks[best] = true
    } else if count > 1 {
      for index in values.indices.sorted(by: { (values[$0], $0) > (values[$1], $1) }).prefix(count) {
        locks[index] = true
      }
    }
    return locks
  }
}
