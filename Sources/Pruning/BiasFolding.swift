import ModelGraph

/// Puts constants into the biases of a network's nodes.
struct BiasFolding {
  private(set) var graph: Graph
  /// Sums to be written behind the node at a position.
  private var pending: [(index: Int, sum: Node)] = []
  private let readers: [String: [Int]]

  init(_ graph: Graph) {
    self.graph = graph
    readers = graph.consumers()
  }

  /// Adds `growth`, one number for each output channel, to what the node at `index` puts out, and returns the name of
  /// the weight that holds it now: its bias, else the mean of the batch normalisation behind it, which subtracts it. A bias is
  /// made where there is neither.
  mutating func add(_ growth: [Double], toNode index: Int, _ columns: KernelColumns) -> String? {
    let own = growth.map { $0 * columns.scale }
    switch columns.bias {
    case .none: return nil
    case .present(let position, _):
      let name = graph.nodes[index].inputs[position]
      guard let weight = graph.weights[name], weight.elementCount == own.count else { return nil }
      graph.weights[name] = Self.sum(weight, own)
      return name
    case .absent(let position):
      if let mean = normalizationMean(behind: index), let weight = graph.weights[mean], weight.elementCount == own.count
      {
        graph.weights[mean] = Self.sum(weight, own.map { -$0 })
        return mean
      }
      let name = freshName("\(graph.nodes[index].name).bias")
      graph.weights[name] = TensorData(shape: [own.count], floats: own.map { Float($0) })
      var inputs = graph.nodes[index].inputs
      while inputs.count <= position { inputs.append("") }
      inputs[position] = name
      graph.nodes[index].inputs = inputs
      return name
    case .behind: return addBehind(own, index)
    }
  }

  /// The running mean of the batch normalisation that alone reads what the node puts out, if it is nobody else's.
  private func normalizationMean(behind index: Int) -> String? {
    let output = graph.nodes[index].outputs[0]
    guard let next = readers[output], next.count == 1, !graph.outputs.contains(where: { $0.name == output }),
      case .batchNormalization(let attributes) = graph.nodes[next[0]].op, !attributes.usesBatchStatistics,
      graph.nodes[next[0]].inputs.count > 3, graph.nodes[next[0]].inputs[0] == output
    else { return nil }
    let mean = graph.nodes[next[0]].inputs[3]
    return readers[mean]?.count == 1 && graph.weights[mean]?.elementType == .float32 ? mean : nil
  }

  /// Into a vector that is added next anyway, else into a sum of its own.
  private mutating func addBehind(_ growth: [Double], _ index: Int) -> String {
    let output = graph.nodes[index].outputs[0]
    let next = readers[output] ?? []
    let isOutput = graph.outputs.contains { $0.name == output }
    if next.count == 1, !isOutput, graph.nodes[next[0]].op == .elementwise(.add) {
      let others = graph.nodes[next[0]].inputs.filter { $0 != output }
      if others.count == 1, let vector = graph.weights[others[0]], vector.elementType == .float32,
        vector.elementCount == growth.count, vector.shape.last == growth.count, readers[others[0]]?.count == 1
      {
        graph.weights[others[0]] = Self.sum(vector, growth)
        return others[0]
      }
    }
    let name = freshName("\(graph.nodes[index].name).bias")
    let product = freshName("\(output).product")
    let sum = Node(
      name: freshName("\(graph.nodes[index].name).sum"), op: .elementwise(.add), inputs: [product, name],
      outputs: [output])
    graph.weights[name] = TensorData(shape: [growth.count], floats: growth.map { Float($0) })
    graph.nodes[index].outputs[0] = product
    pending.append((index, sum))
    return name
  }

  /// The network with the sums in their places.
  func finished() -> Graph {
    var result = graph
    for (index, sum) in pending.sorted(by: { $0.index > $1.index }) { result.nodes.insert(sum, at: index + 1) }
    return result
  }

  private static func sum(_ weight: TensorData, _ growth: [Double]) -> TensorData {
    TensorData(shape: weight.shape, floats: zip(weight.floats, growth).map { Float(Double($0) + $1) })
  }

  private func freshName(_ wanted: String) -> String {
    var taken = Set(graph.weights.keys).union(graph.inputs.map(\.name))
    for node in graph.nodes { taken.formUnion(node.outputs + [node.name]) }
    for (_, sum) in pending { taken.formUnion(sum.outputs + [sum.name]) }
    var name = wanted
    var count = 1
    while taken.contains(name) {
      count += 1
      name = "\(wanted)\(count)"
    }
    return name
  }
}
