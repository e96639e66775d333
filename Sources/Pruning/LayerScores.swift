import ChannelGroups

/// What one layer says of units of a group.
package struct LayerScores: Sendable, Hashable {
  /// The name of the weight or node that was looked at.
  package var layer: String
  /// The units that have a part in this layer, and the score of each.
  package var units: [Int]
  package var scores: [Double]

  package init(layer: String, units: [Int], scores: [Double]) {
    self.layer = layer
    self.units = units
    self.scores = scores
  }
}

extension LayerScores {
  /// One list that speaks for all layers of a group, with a score for each of its units.
  package init(joint scores: [Double], of group: ChannelGroup) {
    self.init(layer: group.name, units: Array(group.units.indices), scores: scores)
  }

  /// The same units, each score changed.
  package func mapping(_ change: (Double) -> Double) -> LayerScores {
    LayerScores(layer: layer, units: units, scores: scores.map(change))
  }

  /// The scores of two lists of the same units, added.
  func adding(_ other: LayerScores) -> LayerScores {
    LayerScores(layer: layer, units: units, scores: zip(scores, other.scores).map { $0 + $1 })
  }
}

extension [LayerScores] {
  /// The sum of all layers' scores for each unit.
  func total(over group: ChannelGroup) -> [Double] {
    var totals = [Double](repeating: 0, count: group.units.count)
    for layer in self {
      for (unit, score) in zip(layer.units, layer.scores) { totals[unit] += score }
    }
    return totals
  }
}
