extension Graph {
  /// Without initial states of recurrent layers that are constants of zeros: that is what an absent state means, and a constant would
  /// hold the batch to one size.
  package func removingZeroStates() -> Graph {
    var result = self
    for (position, node) in nodes.enumerated() {
      guard case .recurrent = node.op else { continue }
      for input in [5, 6] where input < node.inputs.count {
        guard let state = weights[node.inputs[input]], state.bytes.allSatisfy({ $0 == 0 }) else { continue }
        result.nodes[position].inputs[input] = ""
      }
    }
    return result
  }
}
