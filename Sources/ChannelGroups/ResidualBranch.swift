import ModelGraph

/// A sum `skip + f(skip)` of which `f` can leave: both have one shape, and `f` reads nothing else that depends on the network's
/// inputs (their sizes aside).
struct ResidualBranch: Sendable, Hashable {
  /// The position of the sum.
  var sum: Int
  var skip: String
  var branch: String
  /// Positions of the nodes that nobody reads without the sum, ascending.
  var nodes: [Int]
  /// What only these nodes read, in the order in which they do.
  var weights: [String]
  /// Those of the nodes that read a kernel.
  var layers: [String]
}

extension ResidualBranch {
  /// All branches that own something learned, in the order of their sums. Each sum's walk stays behind its shortcut, so the cost is
  /// linear for branches in a row and grows with the depth of nested ones.
  static func all(in graph: Graph, facts: [String: ValueFact]) -> [ResidualBranch] {
    let search = BranchSearch(graph, facts: facts)
    return graph.nodes.indices.compactMap { search.branch(at: $0) }
  }
}

/// Looks for the branches of one network.
private struct BranchSearch {
  private let graph: Graph
  private let facts: [String: ValueFact]
  private let consumers: [String: [Int]]
  private let outputs: Set<String>
  private let roles: [String: WeightRole]
  private var producers: [String: Int] = [:]
  /// Values that depend on what the network's inputs hold; sizes of them do not count.
  private var computed: Set<String>

  init(_ graph: Graph, facts: [String: ValueFact]) {
    self.graph = graph
    self.facts = facts
    consumers = graph.consumers()
    outputs = Set(graph.outputs.map(\.name))
    roles = graph.weightRoles()
    computed = Set(graph.inputs.map(\.name))
    for (position, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { producers[output] = position }
      switch node.op {
      case .shape, .size: continue
      default: if node.inputs.contains(where: computed.contains) { computed.formUnion(node.outputs) }
      }
    }
  }

  func branch(at sum: Int) -> ResidualBranch? {
    let node = graph.nodes[sum]
    switch node.op {
    case .elementwise(.add), .aggregate(.sum): break
    default: return nil
    }
    guard node.inputs.count == 2, node.inputs[0] != node.inputs[1], let fact = facts[node.outputs[0]],
      fact.elementType == .float32, let shape = fact.shape,
      node.inputs.allSatisfy({ computed.contains($0) && facts[$0]?.shape == shape })
    else { return nil }
    return branch(sum, skip: node.inputs[0], node.inputs[1]) ?? branch(sum, skip: node.inputs[1], node.inputs[0])
  }

  private func branch(_ sum: Int, skip: String, _ branch: String) -> ResidualBranch? {
    guard let between = nodes(from: skip, to: branch) else { return nil }
    let dead = unread(between, without: sum, branch)
    let own = Set(dead)
    var seen = Set<String>()
    let weights = dead.flatMap { graph.nodes[$0].inputs }.filter { name in
      graph.weights[name] != nil && !outputs.contains(name) && seen.insert(name).inserted
        && (consumers[name] ?? []).allSatisfy(own.contains)
    }
    guard weights.contains(where: { roles[$0] == .trainable && (graph.weights[$0]?.elementCount ?? 0) > 1 }) else {
      return nil
    }
    let layers = dead.map { graph.nodes[$0] }.filter { node in
      node.kernelPositions.contains { $0 < node.inputs.count && !computed.contains(node.inputs[$0]) }
    }
    return ResidualBranch(
      sum: sum, skip: skip, branch: branch, nodes: dead, weights: weights, layers: layers.map(\.name))
  }

  /// All nodes that `branch` is computed by, as far back as the shortcut; nil when something else has a part in it.
  private func nodes(from skip: String, to branch: String) -> [Int]? {
    let start = producers[skip] ?? -1
    var found = Set<Int>()
    var open = [branch]
    var reachesSkip = false
    while let value = open.popLast() {
      if value == skip {
        reachesSkip = true
        continue
      }
      let isComputed = computed.contains(value)
      guard let position = producers[value] else {
        if isComputed { return nil }
        continue
      }
      if isComputed, position <= start { return nil }
      if found.insert(position).inserted { open += graph.nodes[position].inputs.filter { !$0.isEmpty } }
    }
    return reachesSkip ? found.sorted() : nil
  }

  /// Those of the nodes that nobody reads when the sum does not read the branch.
  private func unread(_ nodes: [Int], without sum: Int, _ branch: String) -> [Int] {
    var dead = Set<Int>()
    for position in nodes.reversed() {
      let isUnread = graph.nodes[position].outputs.allSatisfy { output in
        !outputs.contains(output)
          && (consumers[output] ?? []).allSatisfy { dead.contains($0) || $0 == sum && output == branch }
      }
      if isUnread { dead.insert(position) }
    }
    return dead.sorted()
  }
}
