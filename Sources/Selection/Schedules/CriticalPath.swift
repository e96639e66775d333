import ModelGraph

extension Graph {
  /// The nodes on the path of most multiply-accumulates from an input to an output, by name.
  ///
  /// The longest path of a graph without cycles, each node weighing its own operations; of equal paths the one through
  /// the node that comes first. Linear in the nodes and what they read.
  package func criticalPath(binding: [String: Int]? = nil) throws -> Set<String> {
    let operations = Dictionary(
      try multiplyAccumulatesByNode(binding: binding).map { ($0.node, $0.count) }, uniquingKeysWith: max)
    var makers: [String: Int] = [:]
    var length = Array(repeating: 0, count: nodes.count)
    var previous = Array(repeating: -1, count: nodes.count)
    for (position, node) in nodes.enumerated() {
      for input in node.inputs {
        guard let maker = makers[input] else { continue }
        if previous[position] < 0 || length[maker] > length[previous[position]] { previous[position] = maker }
      }
      length[position] = (operations[node.name] ?? 0) + (previous[position] < 0 ? 0 : length[previous[position]])
      for output in node.outputs { makers[output] = position }
    }
    let ends = outputs.compactMap { makers[$0.name] }
    guard var position = ends.max(by: { (length[$0], -$0) < (length[$1], -$1) }) else { return [] }
    var path = Set<String>()
    while position >= 0 {
      path.insert(nodes[position].name)
      position = previous[position]
    }
    return path
  }
}
