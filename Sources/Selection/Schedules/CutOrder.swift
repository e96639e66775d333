import ModelGraph
import StudyModel

/// In which order the groups (or, for single weights, the layers) of a network are cut.
package enum CutOrder {
  /// What is cut as one: a group of channels with its producing layers, or a layer.
  package struct Item: Sendable, Hashable {
    package var name: String
    package var layers: [String]

    package init(name: String, layers: [String]) {
      self.name = name
      self.layers = layers
    }
  }

  /// The names in order, from items in the network's own order; `shallow-only` leaves the second half out (of an odd
  /// number the middle stays in).
  ///
  /// `costs` is what each group's removal alone costs the validation score, for `least-sensitive`; groups without a
  /// figure come last. Off the critical path are the groups of which no producing layer lies on it. Equals keep the
  /// network's order.
  package static func names(
    _ order: LayerOrder, of items: [Item], in graph: Graph, costs: [String: Double] = [:]
  ) throws -> [String] {
    let names = items.map(\.name)
    switch order {
    case .allAtOnce, .bottomUp: return names
    case .topDown: return names.reversed()
    case .shallowOnly: return Array(names.prefix((names.count + 1) / 2))
    case .leastSensitive:
      return names.enumerated().sorted {
        (costs[$0.element] ?? .infinity, $0.offset) < (costs[$1.element] ?? .infinity, $1.offset)
      }.map(\.element)
    case .offCriticalPath:
      let path = try graph.criticalPath()
      let isOn = items.map { $0.layers.contains(where: path.contains) }
      return names.indices.filter { !isOn[$0] }.map { names[$0] } + names.indices.filter { isOn[$0] }.map { names[$0] }
    }
  }
}

extension SensitivityScan {
  /// For each group what it costs at the ratio nearest to `ratio`: the loss in nats above the best of all entries, and
  /// a nat for each hundredth of accuracy below the best, so that accuracy decides where it differs.
  package func costs(at ratio: Double) -> [String: Double] {
    var nearest: [String: Entry] = [:]
    for entry in entries {
      if let known = nearest[entry.group], abs(known.ratio - ratio) <= abs(entry.ratio - ratio) { continue }
      nearest[entry.group] = entry
    }
    let best = nearest.values.map(\.accuracy).max() ?? 0
    let least = nearest.values.map(\.loss).filter(\.isFinite).min() ?? 0
    return nearest.mapValues { entry in
      let loss = entry.loss.isFinite ? entry.loss - least : 1e6
      return 100 * (best - entry.accuracy) + loss
    }
  }
}
