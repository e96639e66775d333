import ModelGraph

extension Graph {
  /// The weights by which what each producing layer puts out is scaled as a whole: scale and bias of the batch
  /// normalisation that alone reads it, else its own kernel and bias. A kernel that several layers share is its own.
  /// Recurrent layers have none: their outputs are no multiple of their weights.
  package var gateWeights: Set<String> {
    let consumers = consumers()
    let outputs = Set(outputs.map(\.name))
    var gates = Set<String>()
    for node in nodes where !node.kernelPositions.isEmpty {
      if case .recurrent = node.op { continue }
      let own = node.inputs.filter { weights[$0]?.elementType == .float32 }
      let value = node.outputs.first ?? ""
      let readers = outputs.contains(value) ? [] : (consumers[value] ?? []).map { nodes[$0] }
      let isShared = own.contains { (consumers[$0] ?? []).count > 1 }
      if readers.count == 1, !isShared, case .batchNormalization = readers[0].op, readers[0].inputs.count > 2 {
        gates.formUnion(readers[0].inputs[1...2])
      } else {
        gates.formUnion(own)
      }
    }
    return gates
  }
}
