import ModelGraph
import Selection

/// What a plan made of a network.
package struct PruningOutcome: Sendable, Equatable {
  /// Really smaller for channels, heads, units and layers; of the old shapes, with zeros, for elements.
  package var graph: Graph
  /// For each group, the units that stay, ascending; empty for elements.
  package var keptUnits: [String: [Int]]
  /// For each masked weight, whether each element stays (row-major); empty for channels.
  package var masks: [String: [Bool]]
  /// How near the cut came to the plan's target; nil where nothing was selected by a target.
  package var reached: TargetGap?
  /// The network before the cut where weights that stay were changed: constants of redundant units or means of what leaves in
  /// its biases, or updates that make up for what leaves; nil where they stayed as they were.
  package var adjusted: Graph?

  /// Of the units that left, those that did nothing; nil for a plan that did not look for them.
  package var redundant: RedundantCounts?

  package init(
    graph: Graph, keptUnits: [String: [Int]] = [:], masks: [String: [Bool]] = [:], reached: TargetGap? = nil,
    adjusted: Graph? = nil, redundant: RedundantCounts? = nil
  ) {
    self.graph = graph
    self.keptUnits = keptUnits
    self.masks = masks
    self.reached = reached
    self.adjusted = adjusted
    self.redundant = redundant
  }
}

/// How many units left because they did nothing, by what is known of it.
package struct RedundantCounts: Sendable, Hashable, Codable {
  /// By their weights, on any input.
  package var exact: Int
  /// On the calibration data; on others they may have spoken.
  package var onCalibrationData: Int

  package init(exact: Int = 0, onCalibrationData: Int = 0) {
    self.exact = exact
    self.onCalibrationData = onCalibrationData
  }
}
