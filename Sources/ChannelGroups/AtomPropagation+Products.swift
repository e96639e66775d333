import ModelGraph

/// Products of matrices: with a weight they are layers, and two computed values tie what they contract.
extension AtomPropagation {
  mutating func propagateGemm(_ gemm: Gemm, _ node: Node) {
    let (a, b) = (node.inputs[0], node.inputs[1])
    // The space: rows, inner, columns.
    let left = gemm.transposesA ? [1, 0] : [0, 1]
    let right = gemm.transposesB ? [2, 1] : [1, 2]
    var sizes = [0, 0, 0]
    for (axis, place) in left.enumerated() { sizes[place] = shape(a)[axis] }
    for (axis, place) in right.enumerated() { sizes[place] = shape(b)[axis] }
    contract(factors([(a, left), (b, right)]), space: sizes, contracted: [1], outputs: [0: 0, 2: 1], node)
    guard hasInput(node, 2) else { return }
    addToOutput(node.inputs[2], node)
  }

  /// Unites the labels of a node's result with those of an addend that is broadcast to it.
  private mutating func addToOutput(_ addend: String, _ node: Node) {
    let output = node.outputs[0]
    let space = shape(output)
    let product = AlignedOperand(
      value: output, places: space.indices.map { $0 }, labels: labels[output] ?? [])
    set(output, align([product, broadcastOperand(addend, rank: space.count)], space: space, node), node)
  }

  /// Operands of a product. Of two weights the first is data.
  private mutating func factors(_ parts: [(value: String, places: [Int?])]) -> [AlignedOperand] {
    let dataPosition = parts.allSatisfy({ isWeight($0.value) }) ? 0 : nil
    return parts.enumerated().map { position, part in
      if position == dataPosition { noteUntracked(part.value) }
      return AlignedOperand(
        value: position == dataPosition ? "" : part.value, places: position == dataPosition ? [] : part.places,
        labels: isWeight(part.value) ? [] : labels[part.value] ?? [])
    }
  }

  /// NumPy's matmul; `perColumn` are inputs with an entry for each column of the right matrix.
  mutating func propagateMatrixProduct(_ node: Node, left: Int, right: Int, perColumn: [Int]) {
    let (a, b) = (node.inputs[left], node.inputs[right])
    let (first, second) = (shape(a), shape(b))
    let batch = max(first.count, second.count, 2) - 2
    // The space: batch axes, rows, inner, columns.
    let (rows, inner, columns) = (batch, batch + 1, batch + 2)
    func places(_ rank: Int, _ last: [Int]) -> [Int?] {
      rank == 1 ? [inner] : (0..<rank - 2).map { $0 + batch - (rank - 2) } + last
    }
    let parts = [(a, places(first.count, [rows, inner])), (b, places(second.count, [inner, columns]))]
    var space = Array(repeating: 1, count: batch + 3)
    for (value, places) in parts {
      for (axis, place) in places.enumerated() {
        if let place { space[place] = max(space[place], shape(value)[axis]) }
      }
    }
    var outputs = Dictionary(uniqueKeysWithValues: (0..<batch).map { ($0, $0) })
    if first.count > 1 { outputs[rows] = batch }
    if second.count > 1 { outputs[columns] = first.count > 1 ? batch + 1 : batch }
    contract(factors(parts), space: space, contracted: [inner], outputs: outputs, batch: 0..<batch, node)
    let last = shape(node.outputs[0]).count - 1
    if !perColumn.isEmpty, second.count == 2 {
      noteVectors(node, perColumn, channels: labels[node.outputs[0]]?.first { $0.axes == [last] }?.atoms)
    }
  }

  mutating func propagateEinsum(_ equation: String, _ node: Node) {
    guard let einsum = try? EinsumEquation(equation, ranks: node.inputs.map { shape($0).count }),
      einsum.operands.allSatisfy({ Set($0).count == $0.count })
    else { return refuse(node, "takes diagonals of it") }
    // The space: the indices in the order in which they appear.
    var places: [EinsumEquation.Index: Int] = [:]
    var space: [Int] = []
    for (input, indices) in zip(node.inputs, einsum.operands) {
      for (size, index) in zip(shape(input), indices) {
        if let place = places[index] {
          space[place] = max(space[place], size)
        } else {
          places[index] = space.count
          space.append(size)
        }
      }
    }
    let outputs = Dictionary(
      uniqueKeysWithValues: einsum.output.enumerated().compactMap { axis, index in
        places[index].map { ($0, axis) }
      })
    let contracted = Set(space.indices.filter { outputs[$0] == nil })
    let parts = zip(node.inputs, einsum.operands).map { input, indices in (input, indices.map { places[$0] }) }
    contract(factors(parts), space: space, contracted: contracted, outputs: outputs, node)
  }
}
