import ModelGraph

/// A network between the cuts of a schedule: what was left of the original, as it was trained so far.
struct NetworkState {
  var graph: Graph
  /// For each group of the original network, which of its units are still there, ascending; empty for masks.
  var kept: [String: [Int]] = [:]
  /// For each weight whether each element is still there, row-major; empty for channels.
  var masks: [String: [Bool]] = [:]
  /// The optimiser's, of the weights' present shapes.
  var velocities: [String: TensorData] = [:]
  /// What the weights go back to after each cut, of their present shapes; empty where they do not.
  var rewound: [String: TensorData] = [:]
  /// True as long as nothing was cut or trained, so that the dense network's scores hold.
  var isDense = true
}
