extension Graph {
  /// The key of the metadata under which inserted normalisations are listed until they are folded, a name a line.
  package static let insertedNormalizationsKey = "coppice.inserted-batch-norms"

  /// The names of the batch normalisations that were inserted and not folded yet, in graph order.
  package var insertedBatchNormalizations: [String] {
    metadata[Self.insertedNormalizationsKey]?.split(separator: "\n").map(String.init) ?? []
  }

  /// The convolutions after which a batch normalisation can be inserted, in graph order: float ones with weights of the
  /// graph, without one behind them already, and not heads, that is, some other layer with weights follows.
  package var convolutionsWithoutBatchNormalization: [Node] {
    let readers = consumers()
    // Backwards: whether a layer with weights depends on a value.
    var feedsLayer = Set<String>()
    var found: [Node] = []
    for node in nodes.reversed() {
      let isLayer = node.readsLearnedMatrix(of: self)
      let leadsOn = node.outputs.contains { feedsLayer.contains($0) }
      if case .convolution = node.op, leadsOn, let output = node.outputs.first, node.inputs.count > 1,
        weights[node.inputs[1]]?.elementType == .float32,
        node.inputs.count < 3 || node.inputs[2].isEmpty || weights[node.inputs[2]] != nil,
        !(readers[output] ?? []).contains(where: { isBatchNormalization(nodes[$0]) })
      {
        found.append(node)
      }
      if isLayer || leadsOn { feedsLayer.formUnion(node.inputs.filter { !$0.isEmpty }) }
    }
    return found.reversed()
  }

  /// True when no batch normalisation is left of a network that may well have had them: exporters fold them into the
  /// convolutions before them, which then have biases.
  package var looksFolded: Bool {
    !nodes.contains(where: isBatchNormalization)
      && convolutionsWithoutBatchNormalization.contains { $0.inputs.count > 2 && !$0.inputs[2].isEmpty }
  }

  /// The network with a batch normalisation after each convolution that can have one, with scale 1, shift 0, mean 0 and
  /// variance 1, so that statistics can be measured; `makingInsertedNormalizationsIdentities` follows.
  ///
  /// The normalisation takes over the convolution's output name, so whatever reads it stays as it is.
  package func insertingBatchNormalizations(epsilon: Double = 1e-5) -> Graph {
    let targets = Set(convolutionsWithoutBatchNormalization.map(\.name))
    guard !targets.isEmpty else { return self }
    var result = self
    var taken = Set(weights.keys).union(inputs.map(\.name)).union(nodes.flatMap(\.outputs)).union(nodes.map(\.name))
    func fresh(_ wished: String) -> String {
      var name = wished
      while !taken.insert(name).inserted { name += "_" }
      return name
    }
    var names = insertedBatchNormalizations
    result.nodes = []
    for var node in nodes {
      guard targets.contains(node.name), let channels = weights[node.inputs[1]]?.shape.first else {
        result.nodes.append(node)
        continue
      }
      let output = node.outputs[0]
      let name = fresh("\(node.name).batch-norm")
      node.outputs[0] = fresh("\(output).unnormalised")
      var arguments = [node.outputs[0]]
      for (part, value) in [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)] as [(String, Float)] {
        arguments.append(fresh("\(name).\(part)"))
        result.weights[arguments[arguments.count - 1]] = .filled([channels], with: value)
      }
      result.nodes.append(node)
      result.nodes.append(
        Node(
          name: name, op: .batchNormalization(BatchNormalization(epsilon: epsilon)), inputs: arguments,
          outputs: [output]))
      names.append(name)
    }
    result.metadata[Self.insertedNormalizationsKey] = names.joined(separator: "\n")
    return result
  }

  /// Scale and shift of each inserted normalisation set from its statistics, so that it changes nothing in evaluation.
  package func makingInsertedNormalizationsIdentities() -> Graph {
    var result = self
    for (node, normalization) in inserted {
      guard let mean = weights[node.inputs[3]], let variance = weights[node.inputs[4]] else { continue }
      result.weights[node.inputs[1]] = TensorData(
        shape: variance.shape,
        floats: variance.floats.map { Float((Double($0) + normalization.epsilon).squareRoot()) })
      result.weights[node.inputs[2]] = mean
    }
    return result
  }

  /// The network without the inserted normalisations, each folded into the convolution before it, names as they were.
  /// One whose convolution has gone or has other readers stays. Linear in the weights.
  package func foldingInsertedBatchNormalizations() -> Graph {
    var result = self
    let readers = consumers()
    let makers = Dictionary(
      nodes.enumerated().flatMap { position, node in node.outputs.map { ($0, position) } },
      uniquingKeysWith: { first, _ in first })
    var folded = Set<String>()
    for (node, normalization) in inserted {
      guard let position = makers[node.inputs[0]], readers[node.inputs[0]]?.count == 1,
        case .convolution = nodes[position].op, let weight = weights[nodes[position].inputs[1]],
        readers[nodes[position].inputs[1]]?.count == 1
      else { continue }
      let vectors = node.inputs[1...4].map { (weights[$0]?.floats ?? []).map(Double.init) }
      let (scale, shift, mean, variance) = (vectors[0], vectors[1], vectors[2], vectors[3])
      guard let rows = weight.shape.first, vectors.allSatisfy({ $0.count == rows }), rows > 0 else { continue }
      let factors = zip(scale, variance).map { $0 / ($1 + normalization.epsilon).squareRoot() }
      let rowSize = weight.elementCount / rows
      let convolution = nodes[position]
      let biasName = convolution.inputs.count > 2 && !convolution.inputs[2].isEmpty ? convolution.inputs[2] : nil
      let bias = biasName.flatMap { weights[$0]?.floats.map(Double.init) } ?? Array(repeating: 0, count: rows)
      guard bias.count == rows, biasName.map({ readers[$0]?.count == 1 }) ?? true else { continue }
      result.weights[convolution.inputs[1]] = TensorData(
        shape: weight.shape,
        floats: weight.floats.enumerated().map { index, value in Float(Double(value) * factors[index / rowSize]) })
      let target = biasName ?? node.inputs[2]
      result.weights[target] = TensorData(
        shape: [rows], floats: (0..<rows).map { Float((bias[$0] - mean[$0]) * factors[$0] + shift[$0]) })
      result.nodes[position].inputs = [convolution.inputs[0], convolution.inputs[1], target]
      result.nodes[position].outputs = node.outputs
      for name in node.inputs[1...4] where name != target { result.weights[name] = nil }
      folded.insert(node.name)
    }
    result.nodes.removeAll { folded.contains($0.name) }
    let left = insertedBatchNormalizations.filter { !folded.contains($0) }
    result.metadata[Self.insertedNormalizationsKey] = left.isEmpty ? nil : left.joined(separator: "\n")
    return result
  }

  private var inserted: [(Node, BatchNormalization)] {
    let names = Set(insertedBatchNormalizations)
    return nodes.compactMap { node in
      guard names.contains(node.name), case .batchNormalization(let normalization) = node.op, node.inputs.count == 5
      else { return nil }
      return (node, normalization)
    }
  }

  private func isBatchNormalization(_ node: Node) -> Bool {
    if case .batchNormalization = node.op { true } else { false }
  }
}

extension Node {
  /// A layer in the usual sense: it contracts its input with a weight of the graph.
  fileprivate func readsLearnedMatrix(of graph: Graph) -> Bool {
    inputs.contains { name in
      guard let weight = graph.weights[name], weight.shape.count >= 2 else { return false }
      return weight.elementType != .int64 && weight.elementCount > weight.shape.max() ?? 0
    }
  }
}
