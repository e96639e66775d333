/// Finds the nodes that take learned weights apart or put them together such that each element is read in one place only: these
/// can do it once, when the network is read. A weight that is read in two ways (tied weights) stays what it is.
struct WeightParts {
  /// More parts than any packed weight has.
  private static let largestPartCount = 512
  private static let largestDepth = 32

  private let graph: Graph
  private let constants: ConstantFacts
  private let learned: Set<String>
  private let sources: WeightSources
  private let readers: [String: [Int]]
  private let outputNames: Set<String>
  private var known: [String: Set<Int>] = [:]

  init(_ graph: Graph, constants: ConstantFacts, learned: Set<String>, sources: WeightSources) {
    self.graph = graph
    self.constants = constants
    self.learned = learned
    self.sources = sources
    readers = graph.consumers()
    outputNames = Set(graph.outputs.map(\.name))
  }

  /// The positions of these nodes.
  mutating func positions() -> Set<Int> {
    var carried = learned
    // Learned weights, and what was taken over from them.
    var free = learned
    var result = Set<Int>()
    for (position, node) in graph.nodes.enumerated() where rearranges(node) {
      let sources = node.inputs.filter { carried.contains($0) }
      if sources.isEmpty { continue }
      carried.formUnion(node.outputs.filter { !$0.isEmpty })
      if sources.allSatisfy({ free.contains($0) && takers(of: $0).contains(position) }) {
        result.insert(position)
        free.formUnion(node.outputs)
      }
    }
    return result
  }

  private func rearranges(_ node: Node) -> Bool {
    node.op.keepsLearnedWeights && !node.op.isQuantization
      && node.outputs.allSatisfy { $0.isEmpty || constants.isConstant($0) }
  }

  /// The nodes that take the value over; none where it is read in another way too, or where it is only seen otherwise.
  private mutating func takers(of value: String, depth: Int = 0) -> Set<Int> {
    if let found = known[value] { return found }
    let found = depth < Self.largestDepth ? search(value, depth: depth) : []
    known[value] = found
    return found
  }

  private mutating func search(_ value: String, depth: Int) -> Set<Int> {
    if outputNames.contains(value) { return [] }
    // What calculates with it is computed anyway, and no longer reads it then.
    let open = (readers[value] ?? []).filter { !graph.nodes[$0].op.readsShapesOnly && !calculates(graph.nodes[$0]) }
    let unique = Set(open)
    guard unique.count == open.count, open.count <= Self.largestPartCount,
      open.allSatisfy({ rearranges(graph.nodes[$0]) && readsAsData(graph.nodes[$0], value) })
    else { return [] }
    guard let first = open.first else { return [] }
    if open.count == 1 {
      let node = graph.nodes[first]
      if node.op.isView {
        let further = takers(of: node.outputs[0], depth: depth + 1)
        return further.isEmpty ? [] : further.union([first])
      }
      if case .gather = node.op { return parts(of: value, by: node) == nil ? [] : unique }
      return unique
    }
    var all: [[Int: Set<Int>]] = []
    for position in open {
      guard let own = parts(of: value, by: graph.nodes[position]) else { return [] }
      all += own
      guard all.count <= Self.largestPartCount else { return [] }
    }
    return Self.areDisjoint(all) ? unique : []
  }

  /// Makes other numbers of constants, and becomes a constant itself.
  private func calculates(_ node: Node) -> Bool {
    !node.op.keepsLearnedWeights && !node.op.isQuantization
      && node.outputs.allSatisfy { $0.isEmpty || constants.isConstant($0) && !outputNames.contains($0) }
      && (!node.op.preparesWeights || node.outputs.contains { sources.ingredients.contains($0) })
  }

  private func readsAsData(_ node: Node, _ value: String) -> Bool {
    if case .concat = node.op { return true }
    return node.inputs.firstIndex(of: value) == 0
  }

  /// For each result that something reads the positions that it takes along each axis that is cut; nil where they are not known,
  /// or where one is taken twice.
  private func parts(of value: String, by node: Node) -> [[Int: Set<Int>]]? {
    guard let shape = constants.facts[value]?.shape else { return nil }
    let inputs = NodeInputs(node: node, facts: node.inputs.map { $0.isEmpty ? nil : constants.facts[$0] })
    switch node.op {
    case .slice:
      guard let runs = (try? inputs.slicePositions())?.runs else { return nil }
      let cut = shape.indices.filter { runs[$0].count < shape[$0] }
      return [Dictionary(uniqueKeysWithValues: cut.map { ($0, Set(runs[$0].positions)) })]
    case .split(let named):
      guard let axis = try? AxisRules.normalized(named, rank: shape.count) else { return nil }
      var start = 0
      var result: [[Int: Set<Int>]] = []
      for output in node.outputs {
        guard let size = constants.facts[output]?.shape?[axis] else { return nil }
        if readers[output] != nil { result.append([axis: Set(start..<start + size)]) }
        start += size
      }
      return result
    case .gather(let named):
      // Lists of rows to look up stay a table.
      guard let indices = constants.facts[node.inputs[1]]?.constant,
        indices.shape.isEmpty || sources.kernels.contains(node.outputs[0]), let values = indices.integerValues,
        let axis = try? AxisRules.normalized(named, rank: shape.count)
      else { return nil }
      let places = Set(values.map { $0 < 0 ? $0 + shape[axis] : $0 })
      return places.count == values.count ? [[axis: places]] : nil
    default:
      return nil
    }
  }

  private static func areDisjoint(_ parts: [[Int: Set<Int>]]) -> Bool {
    for (position, part) in parts.enumerated() {
      for other in parts[..<position] {
        let isApart = part.contains { axis, places in other[axis].map { places.isDisjoint(with: $0) } ?? places.isEmpty
        }
        if !isApart { return false }
      }
    }
    return true
  }
}

extension Graph {
  /// Nodes that rearrange the same constants in the same way become one, so that what they make is one weight for all their
  /// readers, as it was for the exporter.
  func mergingEqualRearrangements() -> Graph {
    enum Source: Hashable {
      case value(String)
      case numbers(TensorData)
    }
    struct Rearrangement: Hashable {
      var op: Operator
      var sources: [Source]
      var outputCount: Int
    }
    let outputNames = Set(outputs.map(\.name))
    var constants = Set(weights.keys)
    var firsts: [Rearrangement: Node] = [:]
    var replacements: [String: String] = [:]
    var result = self
    result.nodes = []
    for node in nodes {
      var node = node
      node.inputs = node.inputs.map { replacements[$0] ?? $0 }
      guard node.op.keepsLearnedWeights, !node.op.isQuantization, !node.inputs.isEmpty,
        node.inputs.allSatisfy({ $0.isEmpty || constants.contains($0) })
      else {
        result.nodes.append(node)
        continue
      }
      constants.formUnion(node.outputs.filter { !$0.isEmpty })
      let sources: [Source] = node.inputs.enumerated().map { place, input in
        // Sizes and positions count by their numbers, whatever they are called.
        if place > 0, let data = weights[input], !data.elementType.isFloatingPoint, data.elementCount <= 4096 {
          return .numbers(data)
        }
        return .value(input)
      }
      let key = Rearrangement(op: node.op, sources: sources, outputCount: node.outputs.count)
      let isFree = node.outputs.allSatisfy { !outputNames.contains($0) }
      if isFree, let first = firsts[key], zip(first.outputs, node.outputs).allSatisfy({ !$0.isEmpty || $1.isEmpty }) {
        for (own, other) in zip(node.outputs, first.outputs) where !own.isEmpty { replacements[own] = other }
        continue
      }
      if firsts[key] == nil { firsts[key] = node }
      result.nodes.append(node)
    }
    return result
  }
}
