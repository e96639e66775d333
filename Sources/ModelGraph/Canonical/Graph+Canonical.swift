extension Graph {
  /// The network in the form that the rest of the product expects, computing the same under the same names: nothing that is not read,
  /// constants computed, shape arithmetic resolved where it follows from fixed sizes, no nodes that change nothing, a free batch
  /// where the network allows one.
  ///
  /// Applied to its own result it changes nothing. Throws what inference throws for a network that does not fit.
  package func canonical(makesBatchDynamic: Bool = true, foldingLimit: Int = 1 << 27) throws -> Graph {
    var result = self
    // Each pass can make room for another; two or three rounds settle all that exporters write.
    for _ in 0..<8 {
      let before = result
      result = try result.removingDeadNodes().removingZeroStates().foldingConstants(limit: foldingLimit)
        .removingZeroBiases()
      if makesBatchDynamic { result = try result.makingBatchDynamic().graph }
      result = try result.foldingShapeArithmetic().simplifyingGathers().resolvingStridedViews()
        .resolvingScatteredRanges().simplifyingReshapes().removingIdentities().separatingVectors()
        .fusingBias().fusingNormalizations().removingDeadNodes()
      if result.hasStructure(of: before) { break }
    }
    return result
  }

  /// Equal but for the numbers in large weights, which no pass changes without changing nodes.
  private func hasStructure(of other: Graph) -> Bool {
    guard nodes == other.nodes, inputs == other.inputs, outputs == other.outputs,
      weights.count == other.weights.count
    else { return false }
    return weights.allSatisfy { name, data in
      guard let old = other.weights[name], old.shape == data.shape, old.elementType == data.elementType else {
        return false
      }
      return data.elementType.isFloatingPoint || old == data
    }
  }

  /// A name that no value or weight has yet: the base, or the base and a number.
  func unusedName(_ base: String) -> String {
    var taken = Set(weights.keys).union(inputs.map(\.name))
    for node in nodes { taken.formUnion(node.outputs) }
    if !taken.contains(base) { return base }
    var number = 1
    while taken.contains("\(base)_\(number)") { number += 1 }
    return "\(base)_\(number)"
  }

  /// Gives an input of a node, by position, a new constant: under the old constant's name where nothing else reads that, else that of
  /// an equal list of integers, else under a fresh one.
  mutating func replaceConstant(ofNode node: Int, input: Int, with data: TensorData, named part: String) {
    let old = nodes[node].inputs[input]
    if weights[old] == data { return }
    let readers = nodes.reduce(0) { count, node in count + node.inputs.count { $0 == old } }
    let isFree = weights[old] != nil && readers == 1 && !outputs.contains { $0.name == old }
    let name = isFree ? old : equalList(data) ?? unusedName("\(nodes[node].name).\(part)")
    weights[name] = data
    nodes[node].inputs[input] = name
  }

  /// The name of a list of integers that the network has already.
  private func equalList(_ data: TensorData) -> String? {
    guard data.elementType == .int64 else { return nil }
    return weights.lazy.filter { $0.value == data }.map(\.key).min()
  }
}
