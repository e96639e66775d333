import ChannelGroups
import StudyModel

/// Masks for one more cut of a network whose weights are masked in part already.
package struct MaskSelection {
  private let plan: PruningPlan
  private let weights: [PrunableWeight]
  private let scores: [String: [Float]]
  private let present: [String: [Bool]]

  /// `scores` are the criterion's of the present network, `present` says what earlier cuts left (all, for weights not
  /// named).
  package init(
    plan: PruningPlan, weights: [PrunableWeight], scores: [String: [Float]], present: [String: [Bool]]
  ) {
    self.plan = plan
    self.weights = weights
    self.scores = scores
    self.present = present
  }

  /// For each weight whether each element stays, when `sparsity` of the original elements is gone. What was gone stays
  /// gone.
  package func masks(_ sparsity: Sparsity) throws -> [String: [Bool]] {
    switch plan.granularity {
    case .element: return try ofElements(sparsity)
    case .nOfM, .block: return try ofBlocks(sparsity)
    case .channel, .head, .unit, .layer:
      throw SelectionError(.wrongGranularity, "A plan of granularity '\(plan.granularity.rawValue)' masks no weights.")
    }
  }

  /// Only elements that are there compete, so that no normalisation sees the others: those of a weight, or of each of its rows,
  /// as one candidate.
  private func ofElements(_ sparsity: Sparsity) throws -> [String: [Bool]] {
    var candidates: [PrunableWeight] = []
    var values: [String: [Float]] = [:]
    var places: [String: (weight: String, own: [Int])] = [:]
    var items: [RemainingSparsity.Item] = []
    for weight in weights {
      let mask = present[weight.weight]
      guard let all = scores[weight.weight], all.count == weight.count else {
        throw SelectionError(
          .invalidScores,
          "Weight '\(weight.weight)' has \(weight.count) elements and \(scores[weight.weight]?.count ?? 0) scores.")
      }
      let parts = plan.scope == .row ? weight.rows : [Array(0..<weight.count)]
      for (number, part) in parts.enumerated() {
        let name = parts.count > 1 ? "\(weight.weight)\n\(number)" : weight.weight
        let own = part.filter { mask?[$0] ?? true }
        items.append(RemainingSparsity.Item(name: name, key: weight.layer, original: part.count, present: own.count))
        candidates.append(PrunableWeight(layer: name, weight: name, shape: [own.count]))
        values[name] = own.map { all[$0] }
        places[name] = (weight.weight, own)
      }
    }
    var step = plan
    let remaining = RemainingSparsity(sparsity, scope: plan.scope, items: items)
    (step.scope, step.sparsity, step.layers) = (remaining.scope, remaining.sparsity, LayerSet())
    let selected = try PlanSelection.elementMasks(weights: candidates, scores: values, plan: step)
    var result: [String: [Bool]] = [:]
    for weight in weights { result[weight.weight] = Array(repeating: false, count: weight.count) }
    for (name, part) in places {
      for (place, stays) in zip(part.own, selected[name] ?? []) { result[part.weight]?[place] = stays }
    }
    return result
  }

  /// Blocks are places of the whole weight, so what is gone competes with scores below all others, and leaves first.
  private func ofBlocks(_ sparsity: Sparsity) throws -> [String: [Bool]] {
    var area = 1
    if case .block(let rows, let columns) = plan.granularity { area = rows * columns }
    var step = plan
    step.sparsity = sparsity
    step.layers = LayerSet()
    step.ranking.removal = .low
    var values = scores.mapValues(plan.importance)
    let largest = values.values.reduce(Float(0)) { $1.reduce($0) { max($0, abs($1)) } }
    let gone = -(largest * Float(area) + 1)
    for (name, mask) in present {
      values[name] = values[name].map { zip($0, mask).map { score, stays in stays ? score : gone } }
    }
    let selected = try PlanSelection.elementMasks(weights: weights, scores: values, plan: step)
    return Dictionary(
      uniqueKeysWithValues: weights.map { weight in
        let new = selected[weight.weight] ?? Array(repeating: true, count: weight.count)
        return (weight.weight, present[weight.weight].map { zip(new, $0).map { $0 && $1 } } ?? new)
      })
  }
}
