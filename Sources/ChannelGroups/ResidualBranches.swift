import ModelGraph

/// Which whole layers of a network can leave: residual branches, without which the sum is its shortcut and all shapes stay.
///
/// All branches are the units of one group, "layers", and compete with each other; each holds all weights that nobody else reads.
/// A branch may lie within another one: without the outer one the inner one is gone too, even where it is named among those that
/// stay. Weights that two branches share leave when both do.
package struct ResidualBranches: Sendable {
  /// The group's name.
  package static let groupName = "layers"

  /// One group of all branches, or none.
  package let groups: [ChannelGroup]
  /// Branches with a layer that is left out, each a group of its own.
  package let pinnedGroups: [ChannelGroup]

  /// The network without its weights.
  private let skeleton: Graph
  private let shapes: [String: [Int]]
  private let roles: [String: WeightRole]
  private let operandWeights: Set<String>
  /// One for each unit.
  private let branches: [ResidualBranch]

  /// Branches with a layer whose name satisfies `isExcluded` stay. Throws `GraphError` when the network's shapes do not fit.
  package init(
    _ graph: Graph, binding given: [String: Int]? = nil, excluding isExcluded: (String) -> Bool = { _ in false }
  ) throws {
    try graph.validate()
    let facts = try graph.facts(binding: try given ?? graph.sampleBinding())
    shapes = facts.compactMapValues(\.shape)
    roles = graph.weightRoles()
    operandWeights = graph.operandWeights()
    var skeleton = graph
    skeleton.weights = [:]
    self.skeleton = skeleton
    var free: [(branch: ResidualBranch, unit: ChannelUnit)] = []
    var pinned: [ChannelGroup] = []
    for branch in ResidualBranch.all(in: graph, facts: facts) {
      let name = graph.nodes[branch.sum].name
      let unit = ChannelUnit(slices: Self.slices(branch, graph, roles), name: name, layers: branch.layers)
      if let excluded = branch.layers.first(where: isExcluded) {
        pinned.append(
          ChannelGroup(name: name, layers: branch.layers, units: [unit], pinned: "layer '\(excluded)' is left out"))
      } else {
        free.append((branch, unit))
      }
    }
    branches = free.map(\.branch)
    pinnedGroups = pinned
    var layers = Set<String>()
    let all = free.flatMap(\.unit.layers).filter { layers.insert($0).inserted }
    groups = free.isEmpty ? [] : [ChannelGroup(name: Self.groupName, layers: all, units: free.map(\.unit))]
  }

  /// Every weight that was learned or measured, whole.
  private static func slices(_ branch: ResidualBranch, _ graph: Graph, _ roles: [String: WeightRole]) -> [WeightSlice] {
    branch.weights.compactMap { name in
      guard let count = graph.weights[name]?.shape.first, roles[name] == .trainable || roles[name] == .statistic
      else { return nil }
      return WeightSlice(weight: name, axis: 0, indices: Array(0..<count), isOutput: true)
    }
  }

  // MARK: Cutting

  /// The network without the branches that are not kept: readers of their sums read the shortcuts, and what nobody reads any more is
  /// gone. Throws `ChannelGroupError`.
  package func compacted(_ graph: Graph, keeping: [String: [Int]]) throws -> Graph {
    try check(graph)
    let removed = try removed(keeping)
    if removed.isEmpty { return graph }
    var result = graph
    result.nodes = bypassed(removed)
    result.removeUnread(since: graph)
    return result
  }

  /// Of tensors that go with the weights by name, those that stay.
  package func compacted(weights: [String: TensorData], keeping: [String: [Int]]) throws -> [String: TensorData] {
    let gone = Set(roles.keys).subtracting(read(by: try remaining(keeping)))
    return weights.filter { !gone.contains($0.key) }
  }

  /// The network in its full shape with the outputs of branches that are not kept multiplied by zero.
  package func masked(_ graph: Graph, keeping: [String: [Int]]) throws -> Graph {
    try check(graph)
    let sums = Dictionary(uniqueKeysWithValues: try removed(keeping).map { (branches[$0].sum, branches[$0].branch) })
    if sums.isEmpty { return graph }
    var result = graph
    // Replaced and not multiplied by zero: a branch may hold what is not finite.
    let (zero, never) = ("coppice.zero", "coppice.never")
    result.weights[zero] = TensorData(shape: [], floats: [0])
    result.weights[never] = TensorData(shape: [], flags: [false])
    result.nodes = []
    for (position, node) in graph.nodes.enumerated() {
      var node = node
      if let branch = sums[position] {
        let hidden = "coppice.hidden\(position)"
        result.nodes.append(
          Node(name: hidden, op: .select, inputs: [never, branch, zero], outputs: [hidden]))
        node.inputs = node.inputs.map { $0 == branch ? hidden : $0 }
      }
      result.nodes.append(node)
    }
    return result
  }

  /// The size of the compacted network, from its structure alone.
  package func measure(keeping: [String: [Int]]) throws -> NetworkSize {
    let rest = try remaining(keeping)
    let weights = read(by: rest)
    let parameters = roles.reduce(0) { sum, entry in
      let count = (shapes[entry.key] ?? [0]).reduce(1, *)
      let isCounted = entry.value == .trainable && weights.contains(entry.key)
      return isCounted && !(count == 1 && operandWeights.contains(entry.key)) ? sum + count : sum
    }
    let operations = rest.nodes.reduce(0) { $0 + ($1.multiplyAccumulates(shapes: shapes) ?? 0) }
    return NetworkSize(parameters: parameters, multiplyAccumulates: operations)
  }

  private func remaining(_ keeping: [String: [Int]]) throws -> Graph {
    var rest = skeleton
    rest.nodes = bypassed(try removed(keeping))
    rest.removeUnread(since: skeleton)
    return rest
  }

  private func read(by graph: Graph) -> Set<String> {
    Set(graph.nodes.flatMap(\.inputs)).union(graph.outputs.map(\.name))
  }

  /// The nodes with readers of the removed units' sums reading the shortcuts.
  private func bypassed(_ removed: Set<Int>) -> [Node] {
    let skips = Dictionary(uniqueKeysWithValues: removed.map { (branches[$0].sum, branches[$0].skip) })
    let outputs = Set(skeleton.outputs.map(\.name))
    var sources: [String: String] = [:]
    var nodes: [Node] = []
    for (position, dense) in skeleton.nodes.enumerated() {
      var node = dense
      node.inputs = node.inputs.map { sources[$0] ?? $0 }
      if let skip = skips[position] {
        let source = sources[skip] ?? skip
        guard outputs.contains(node.outputs[0]) else {
          sources[node.outputs[0]] = source
          continue
        }
        node.op = .identity
        node.inputs = [source]
      }
      nodes.append(node)
    }
    return nodes
  }

  /// The units that are not kept.
  private func removed(_ keeping: [String: [Int]]) throws -> Set<Int> {
    for name in keeping.keys.sorted() where name != Self.groupName || groups.isEmpty {
      throw ChannelGroupError(
        .unknownGroup, "There is no group '\(name)' of residual branches.",
        remedy: groups.isEmpty ? "This network has no branch that can be removed." : "The group is '\(Self.groupName)'."
      )
    }
    guard let kept = keeping[Self.groupName] else { return [] }
    guard zip(kept, kept.dropFirst()).allSatisfy({ $0 < $1 }), kept.allSatisfy(branches.indices.contains) else {
      throw ChannelGroupError(
        .invalidSelection,
        "The kept units of '\(Self.groupName)' must be ascending and within 0..<\(branches.count); they are \(kept).")
    }
    return Set(branches.indices).subtracting(kept)
  }

  private func check(_ graph: Graph) throws {
    guard graph.nodes == skeleton.nodes else {
      throw ChannelGroupError(
        .differentNetwork, "The network '\(graph.name)' has other nodes than the one that was analysed.",
        remedy: "Analyse it anew.")
    }
  }
}
