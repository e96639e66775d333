import ChannelGroups
import ModelGraph
import Selection
import StudyModel

/// A network whose redundant units say nothing any more: their constants are in the consumers' biases, and the
/// consumers read them with zero weights. It can lose any of them, and computes what it computed before: on any input as far as
/// the units are exact (`RedundantUnits.Kind.isExact`), else on the calibration data.
package struct RedundancyRemoval {
  /// What one consumer's bias took over.
  package struct Fold: Sendable, Hashable {
    /// The consuming node.
    package var node: String
    /// The weight that holds the constant now.
    package var bias: String
    /// How many channels it comes from.
    package var channels: Int

    package init(node: String, bias: String, channels: Int) {
      self.node = node
      self.bias = bias
      self.channels = channels
    }
  }

  package let units: RedundantUnits
  /// In its old shapes, but for the biases that had to be made.
  package let graph: Graph
  /// In the network's order.
  package let folds: [Fold]
  private let groups: [ChannelGroup]

  /// `analysis` and `graph` are those of which `units` were found.
  package init(_ units: RedundantUnits, analysis: ChannelAnalysis, graph: Graph) {
    self.units = units
    groups = analysis.groups
    var growth: [Int: (columns: KernelColumns, values: [Double], channels: Int)] = [:]
    var floats: [String: [Float]] = [:]
    let readings = units.places.flatMap { units.readings[$0] ?? [] }
    for reading in readings where floats[reading.columns.weight] == nil {
      floats[reading.columns.weight] = graph.weights[reading.columns.weight]?.floats
    }
    for reading in readings {
      guard let constant = reading.constant, constant != 0, reading.isFoldable,
        let weights = floats[reading.columns.weight]
      else { continue }
      var entry =
        growth[reading.node] ?? (reading.columns, Array(repeating: 0, count: reading.columns.outputCount), 0)
      var isRead = false
      for (output, elements) in reading.columns.column(reading.entry) {
        let share = weights[elements].reduce(0) { $0 + Double($1) }
        entry.values[output] += constant * share
        if share != 0 { isRead = true }
      }
      guard isRead else { continue }
      entry.channels += 1
      growth[reading.node] = entry
    }
    // Columns are read above before any is zeroed, since nodes may share them.
    for reading in readings {
      for (_, elements) in reading.columns.column(reading.entry) {
        for element in elements { floats[reading.columns.weight]?[element] = 0 }
      }
    }
    var silenced = graph
    for (name, values) in floats {
      guard let shape = graph.weights[name]?.shape else { continue }
      silenced.weights[name] = TensorData(shape: shape, floats: values)
    }
    var folding = BiasFolding(silenced)
    var folds: [Fold] = []
    for (index, entry) in growth.sorted(by: { $0.key < $1.key }) {
      if let bias = folding.add(entry.values, toNode: index, entry.columns) {
        folds.append(Fold(node: graph.nodes[index].name, bias: bias, channels: entry.channels))
      }
    }
    self.folds = folds
    self.graph = folding.finished()
  }

  /// `kept` without the redundant units, as far as the plan's counts and the groups' constraints let them go.
  package func removing(from kept: [String: [Int]], _ plan: PruningPlan) -> [String: [Int]] {
    var result = kept
    for group in groups {
      guard let redundant = units.kinds[group.name], let own = kept[group.name] else { continue }
      let staying = Set(own)
      var gone = Set(redundant.keys.filter(staying.contains))
      for floor in group.floors {
        let left = floor.filter(staying.contains)
        if left.allSatisfy(gone.contains), let last = left.last { gone.remove(last) }
      }
      let blocks = group.blocks.isEmpty ? [Array(group.units.indices)] : group.blocks
      let queues = blocks.map { block in block.filter(gone.contains) }
      var count = queues.map(\.count).min() ?? 0
      let smallest = max(plan.minimumKept, 1)
      func isAllowed(_ count: Int) -> Bool {
        let left = own.count - count * blocks.count
        return left >= smallest && left % max(plan.roundTo, 1) == 0
      }
      while count > 0, !isAllowed(count) { count -= 1 }
      let leaving = Set(queues.flatMap { $0.prefix(count) })
      result[group.name] = own.filter { !leaving.contains($0) }
    }
    return result
  }

  /// Of the redundant units those that do not stay.
  package func counts(without kept: [String: [Int]]) -> RedundantCounts {
    var counts = RedundantCounts()
    for (group, kinds) in units.kinds {
      let staying = Set(kept[group] ?? [])
      for (unit, kind) in kinds where !staying.contains(unit) {
        if kind.isExact { counts.exact += 1 } else { counts.onCalibrationData += 1 }
      }
    }
    return counts
  }

  /// Scores and a plan by which redundant units leave before all others, the others in the order that the plan gives
  /// them.
  ///
  /// Scores become importance, made comparable over the groups without the redundant ones. Where groups compete by
  /// classes of equal structure the redundant ones share the lowest importance of their group; a threshold is left
  /// alone.
  package func leavingFirst(_ scores: GroupScores, _ plan: PruningPlan) -> (scores: GroupScores, plan: PruningPlan) {
    if case .threshold = plan.sparsity { return (scores, plan) }
    if units.isEmpty { return (scores, plan) }
    var plan = plan
    let normalization = plan.ranking.normalization ?? .mean
    let staysRaw = normalization == .isomorphic
    var values: [String: [Float?]] = [:]
    for group in groups {
      guard let own = scores[group.name], own.count == group.units.count else { continue }
      let useful = own.indices.filter { !units.contains($0, of: group.name) }
      let importance = plan.importance(useful.map { own[$0] })
      let comparable = staysRaw ? importance : normalization.normalized(importance).map { Float($0) }
      var all: [Float?] = Array(repeating: nil, count: own.count)
      for (unit, value) in zip(useful, comparable) { all[unit] = value }
      values[group.name] = all
    }
    let lowest = (values.values.joined().compactMap { $0 }.min() ?? 0) - 1
    plan.ranking.removal = .low
    if !staysRaw { plan.ranking.normalization = Normalization.none }
    let ranked = values.mapValues { own in
      let least = staysRaw ? own.compactMap { $0 }.min() ?? 0 : lowest
      return own.map { $0 ?? least }
    }
    return (scores.merging(ranked) { $1 }, plan)
  }
}
