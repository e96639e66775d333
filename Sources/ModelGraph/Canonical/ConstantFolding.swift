/// Computes what follows from constants alone, so that weights that a network makes of others are weights.
///
/// - What calculates (a sum, a mask that is multiplied in) becomes a constant; a product of matrices does where a layer's weight is made
///   of it.
/// - A learned weight that is only seen otherwise (transposed, reshaped) stays a weight under its own name with the node that does
///   so. Where it is cut into parts that nothing else reads (`WeightParts`), as packed projections are, each part becomes a weight.
/// - What is rearranged for a recurrent layer alone, as exporters bring gates into another order, becomes that layer's weight.
/// - What is larger than what the file holds for it is cheaper to compute again, unless it is a layer's weight.
/// - Quantised weights stay quantised.
struct ConstantFolding {
  /// A constant whose node stays: it is computed when something smaller that is made of it is.
  private struct Waiting {
    var node: Node
    /// Elements that the file holds for it.
    var held: Int
    /// Nodes between it and what the file holds.
    var depth: Int
  }

  private static let largestDepth = 64
  /// Constants of so many elements are kept even where the file holds fewer for them.
  private static let smallSize = 4096

  private let graph: Graph
  private let limit: Int
  private let constants: ConstantFacts
  private let outputNames: Set<String>
  private let sources: WeightSources
  /// Nodes that may rearrange learned weights for good.
  private let rearranging: Set<Int>
  private var learned: Set<String>
  private var result: Graph
  private var computedConstants: Set<String> = []
  private var repeatedWeights: Set<String> = []
  private var waiting: [String: Waiting] = [:]
  private var computed: [String: TensorData] = [:]

  init(_ graph: Graph, limit: Int) {
    self.graph = graph
    self.limit = limit
    constants = ConstantFacts(graph)
    outputNames = Set(graph.outputs.map(\.name))
    learned = Set(graph.weightRoles().filter { $0.value != .constant }.keys)
    sources = WeightSources(graph, constants: constants)
    var parts = WeightParts(graph, constants: constants, learned: learned, sources: sources)
    rearranging = parts.positions().union(graph.rearrangedForRecurrentLayers())
    result = graph
  }

  mutating func run() throws -> Graph {
    result.nodes = []
    for (position, node) in graph.nodes.enumerated() {
      if try !becomesConstant(constants.casts[position] ?? node, at: position) { result.nodes.append(node) }
    }
    if !computedConstants.isEmpty { result.computedConstants.formUnion(computedConstants) }
    // Steps on the way to a weight are gone with the nodes that read them.
    repeatedWeights.formIntersection(result.nodes.flatMap(\.inputs))
    if !repeatedWeights.isEmpty { result.repeatedWeights.formUnion(repeatedWeights) }
    return result
  }

  private mutating func becomesConstant(_ node: Node, at position: Int) throws -> Bool {
    guard !node.op.isQuantization, node.outputs.allSatisfy({ !outputNames.contains($0) }),
      node.inputs.allSatisfy({ $0.isEmpty || result.weights[$0] != nil || waiting[$0] != nil })
    else { return false }
    let readsLearned = node.inputs.contains { learned.contains($0) }
    let isRearrangement = readsLearned && node.op.keepsLearnedWeights
    if isRearrangement { learned.formUnion(node.outputs.filter { !$0.isEmpty }) }
    let held = held(for: node, isRearrangement: isRearrangement)
    let readsWaiting = node.inputs.contains { waiting[$0] != nil }
    // A small network over constants (the biases of attention by distances, say) is trained as it is, unless it makes weights.
    let isIngredient = node.outputs.contains { sources.ingredients.contains($0) }
    guard isIngredient || isRearrangement || !node.op.preparesWeights && !readsWaiting else { return false }
    let most = isRearrangement || readsWaiting ? held : max(Self.smallSize, held)
    func isTooLarge(_ output: String, _ count: Int) -> Bool {
      !output.isEmpty && count > most && !sources.kernels.contains(output)
    }
    let grows = node.outputs.contains { output in
      isTooLarge(output, constants.facts[output]?.shape?.reduce(1, *) ?? 0)
    }
    // What is made of a weight that has to stay as it is stays made of it.
    let isFree = node.inputs.allSatisfy { !learned.contains($0) || result.weights[$0] != nil }
    guard !isRearrangement || isFree && rearranging.contains(position), !grows else {
      wait(for: node, held: held)
      return false
    }
    guard let inputs = try values(of: node.inputs), let made = try node.evaluated(on: inputs, limit: limit),
      made.count >= node.outputs.count,
      zip(node.outputs, made).allSatisfy({ !isTooLarge($0, $1.elementCount) })
    else { return false }
    for (output, value) in zip(node.outputs, made) where !output.isEmpty {
      result.weights[output] = value
      guard value.elementType.isFloatingPoint else { continue }
      if !readsLearned { computedConstants.insert(output) }
      let isRepeated = value.elementCount > held || node.inputs.contains { repeatedWeights.contains($0) }
      if isRepeated, sources.kernels.contains(output) { repeatedWeights.insert(output) }
    }
    return true
  }

  // MARK: What stays a node

  private mutating func wait(for node: Node, held: Int) {
    let depth = 1 + (node.inputs.compactMap { waiting[$0]?.depth }.max() ?? 0)
    guard depth <= Self.largestDepth else { return }
    for output in node.outputs where !output.isEmpty {
      waiting[output] = Waiting(node: node, held: held, depth: depth)
    }
  }

  /// How many elements the file holds for a node's inputs; of a rearrangement only numbers count, not sizes and positions.
  private func held(for node: Node, isRearrangement: Bool) -> Int {
    var total = 0
    for input in Set(node.inputs) where !input.isEmpty {
      if isRearrangement, constants.facts[input]?.elementType.isFloatingPoint == false, !learned.contains(input) {
        continue
      }
      let (sum, overflow) = total.addingReportingOverflow(
        result.weights[input]?.elementCount ?? waiting[input]?.held ?? 0)
      total = overflow ? Int.max : sum
    }
    return total
  }

  /// The inputs' values, nil for absent ones; nil where one of them cannot be computed.
  private mutating func values(of names: [String]) throws -> [TensorData?]? {
    var values: [TensorData?] = []
    for name in names {
      guard !name.isEmpty else {
        values.append(nil)
        continue
      }
      guard let value = try value(of: name) else { return nil }
      values.append(value)
    }
    return values
  }

  private mutating func value(of name: String) throws -> TensorData? {
    if let value = result.weights[name] ?? computed[name] { return value }
    guard let node = waiting[name]?.node, let inputs = try values(of: node.inputs),
      let made = try node.evaluated(on: inputs, limit: limit)
    else {
      waiting[name] = nil
      return nil
    }
    for (output, value) in zip(node.outputs, made) where !output.isEmpty { computed[output] = value }
    return computed[name]
  }
}

/// The constants that end in the weights of layers.
struct WeightSources {
  /// What layers read as their weights, also through nodes that only rearrange it.
  private(set) var kernels: Set<String> = []
  /// What these are computed from.
  private(set) var ingredients: Set<String> = []

  init(_ graph: Graph, constants: ConstantFacts) {
    for node in graph.nodes.reversed() {
      let isPreparing = !node.op.readsShapesOnly && node.outputs.contains { ingredients.contains($0) }
      for (position, input) in node.inputs.enumerated() where constants.isConstant(input) {
        switch node.op.reading(of: position) {
        case .trainable, .statistic:
          if node.readsWeight(at: position, constants) { kernels.insert(input) }
        case .passedOn:
          if node.outputs.contains(where: { kernels.contains($0) }) { kernels.insert(input) }
        case .table:
          // Rows by computed indices are an embedding; by constant ones they are what a network prepares for itself.
          if node.inputs.count > 1, !constants.isConstant(node.inputs[1]) { kernels.insert(input) }
        case .constant, .operand: break
        }
        if isPreparing || kernels.contains(input) { ingredients.insert(input) }
      }
    }
  }
}

extension Node {
  /// False where the layer reads its data. Products read two things alike: there a weight stands second, or is a matrix, beside what
  /// is not constant.
  fileprivate func readsWeight(at position: Int, _ constants: ConstantFacts) -> Bool {
    switch op {
    // Scales by group, repeated for each channel, stay the few numbers that they are: channels are cut behind them.
    case .attention, .linearAttention, .groupNormalization: return false
    case .gemm, .matrixProduct, .einsum:
      let isMatrix = constants.facts[inputs[position]]?.shape?.count == 2
      return (position > 0 || isMatrix) && inputs.contains { !$0.isEmpty && !constants.isConstant($0) }
    default: return position > 0
    }
  }
}
