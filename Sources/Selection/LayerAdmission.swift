import ChannelGroups
import ModelGraph
import StudyModel

/// Which layers of one network a plan's layer set lets be pruned.
///
/// Depth, first and last count the layers that read a kernel or a table of embeddings, in the graph's order.
package struct LayerAdmission: Sendable {
  private let set: LayerSet
  /// Each node's operator by its ONNX name; nil where only names are known.
  private let kinds: [String: String]?
  /// Each counted layer's number.
  private let positions: [String: Int]

  package init(_ set: LayerSet, graph: Graph) {
    self.set = set
    var kinds: [String: String] = [:]
    var positions: [String: Int] = [:]
    let roles = graph.weightRoles()
    for node in graph.nodes {
      kinds[node.name] = node.op.onnxName
      var readsWeight = node.kernelPositions.contains {
        $0 < node.inputs.count && graph.weights[node.inputs[$0]] != nil
      }
      if case .gather = node.op, roles[node.inputs[0]] == .trainable { readsWeight = true }
      if readsWeight { positions[node.name] = positions.count }
    }
    self.kinds = kinds
    self.positions = positions
  }

  /// By names alone, for sets without other conditions.
  package init(names set: LayerSet) {
    self.set = set
    kinds = nil
    positions = [:]
  }

  package func contains(_ layer: String) -> Bool {
    guard set.admits(name: layer) else { return false }
    guard let kinds else { return true }
    if !set.kinds.isEmpty, !set.kinds.contains(kinds[layer] ?? "") { return false }
    guard set.depth != 0...1 || set.first != nil || set.last != nil else { return true }
    guard let position = positions[layer] else { return false }
    let share = positions.count > 1 ? Double(position) / Double(positions.count - 1) : 0
    guard set.depth.contains(share) else { return false }
    if set.first == nil, set.last == nil { return true }
    return position < set.first ?? 0 || position >= positions.count - (set.last ?? 0)
  }
}
