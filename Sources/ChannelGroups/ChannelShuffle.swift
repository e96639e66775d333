import ModelGraph

/// A reshape that cuts an axis into rows, a transpose of the rows, and a reshape that merges them again: all that happens is
/// that the axis gets another order. Seen as one node, it asks for nothing; when channels leave it becomes a Gather.
struct ChannelShuffle: Sendable {
  /// Positions of the transpose and of the second reshape.
  var turn: Int
  var last: Int
  var input: String
  var axis: Int
  /// For each place of the result the place that it was at.
  var order: [Int]

  /// All shuffles of a network, by the position of their first node.
  static func all(
    in graph: Graph, facts: [String: ValueFact], consumers: [String: [Int]]
  ) -> [Int: ChannelShuffle] {
    let outputs = Set(graph.outputs.map(\.name))
    func next(_ value: String) -> Int? {
      guard let readers = consumers[value], readers.count == 1, !outputs.contains(value) else { return nil }
      return graph.nodes[readers[0]].inputs.first == value ? readers[0] : nil
    }
    var result: [Int: ChannelShuffle] = [:]
    for (position, node) in graph.nodes.enumerated() {
      guard case .transpose(let permutation) = node.op, let before = node.inputs.first, let after = node.outputs.first,
        let last = next(after), case .reshape = graph.nodes[last].op,
        let first = graph.nodes[..<position].lastIndex(where: { $0.outputs.first == before }), next(before) == position,
        case .reshape = graph.nodes[first].op
      else { continue }
      let input = graph.nodes[first].inputs[0]
      guard let whole = facts[input]?.shape, let split = facts[before]?.shape,
        facts[graph.nodes[last].outputs[0]]?.shape == whole,
        let found = permutedAxis(whole, split, permutation)
      else { continue }
      result[first] = ChannelShuffle(turn: position, last: last, input: input, axis: found.axis, order: found.order)
    }
    return result
  }

  /// The only axis that is split, when the transpose changes nothing but the order of its parts.
  private static func permutedAxis(_ whole: [Int], _ split: [Int], _ permutation: [Int]) -> (axis: Int, order: [Int])? {
    let parts = split.count - whole.count + 1
    guard parts > 1, permutation.count == split.count else { return nil }
    for axis in whole.indices {
      let range = axis..<axis + parts
      guard Array(whole[..<axis]) == Array(split[..<axis]),
        Array(whole[(axis + 1)...]) == Array(split[range.upperBound...]),
        split[range].reduce(1, *) == whole[axis],
        permutation.indices.allSatisfy({ range.contains($0) || permutation[$0] == $0 }),
        range.contains(where: { permutation[$0] != $0 })
      else { continue }
      let strides = AtomGrid.strides(Array(split[range]))
      let order = range.map { permutation[$0] - axis }
      let places = AtomGrid.walk(order.map { split[axis + $0] }, strides: order.map { strides[$0] })
      return (axis, places)
    }
    return nil
  }
}
