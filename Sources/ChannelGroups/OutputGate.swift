import ModelGraph

/// The weights by which what one producing layer puts out is scaled as a whole: scale and bias of the batch normalisation that alone
/// reads it, else its own kernel and bias. A kernel that several layers share is its own.
package struct OutputGate: Sendable, Hashable {
  package let layer: String
  /// In the order in which they are read.
  package let weights: [String]
  /// False for recurrent layers, whose outputs are no multiple of their weights.
  package let scalesOutput: Bool
}

extension Graph {
  /// One for every layer with a kernel, in the network's order; only weights of float32.
  package func outputGates() -> [OutputGate] {
    let consumers = consumers()
    let outputs = Set(outputs.map(\.name))
    return nodes.filter { !$0.kernelPositions.isEmpty }.map { node in
      let own = node.inputs.filter { weights[$0]?.elementType == .float32 }
      let value = node.outputs.first ?? ""
      let readers = outputs.contains(value) ? [] : (consumers[value] ?? []).map { nodes[$0] }
      let isShared = own.contains { (consumers[$0] ?? []).count > 1 }
      var gate = own
      if readers.count == 1, !isShared, case .batchNormalization = readers[0].op, readers[0].inputs.count > 2 {
        gate = Array(readers[0].inputs[1...2])
      }
      var scalesOutput = true
      if case .recurrent = node.op { scalesOutput = false }
      return OutputGate(layer: node.name, weights: gate, scalesOutput: scalesOutput)
    }
  }
}
