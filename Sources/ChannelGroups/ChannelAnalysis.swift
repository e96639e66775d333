import ModelGraph

/// Which channels of a network can leave, and what leaves with them; made once per network, from its structure and shapes alone.
///
/// Linear in the entries of all labelled axes. The rules are in the extensions of `AtomPropagation`.
package struct ChannelAnalysis: Sendable {
  /// What can be pruned, in the order of the first producing nodes.
  package let groups: [ChannelGroup]
  /// What layers produce and what yet has to stay, each with its reason.
  package let pinnedGroups: [ChannelGroup]

  /// What its units are.
  package let kind: ChannelKind

  let nodes: [Node]
  let binding: [String: Int]
  let shapes: [String: [Int]]
  let roles: [String: WeightRole]
  /// Learned weights that count as constants once a single number is left of them.
  let operandWeights: Set<String>
  /// Components over the grids of labelled axes, each array once.
  let arrays: [AtomGrid]
  let labels: [String: [ValueLabel]]
  let faces: [LabelledFace]
  /// For each weight, positions among `faces`.
  let facesOfWeight: [String: [Int]]
  let places: [UnitPlace?]
  let groupPositions: [String: Int]
  /// Constant integers that nodes read as sizes and positions, by value.
  let integers: [String: [Int]]
  let shuffles: [Int: ChannelShuffle]
  let bypasses: [String: [Int: String]]
  /// Axes of reshaped values whose sizes are computed from those of channels, but stay what they are.
  let fixedSizes: [String: Set<Int>]
  /// Axes of filled values whose sizes are read off channels, and so follow by themselves.
  let followingSizes: [String: Set<Int>]

  /// Layers (producing nodes) whose name satisfies `isExcluded` keep all their channels, and so do the layers tied to them.
  ///
  /// Symbolic axes have the sizes given, else sizes that go (`Graph.sampleBinding`). A recurrent state that enters and leaves the
  /// network is found by itself, or declared as a pair, here or in the network's metadata. Throws `GraphError` when the network's shapes do not fit.
  package init(
    _ graph: Graph, kind: ChannelKind = .channel, binding given: [String: Int]? = nil, statePairs: [StatePair] = [],
    excluding isExcluded: (String) -> Bool = { _ in false }
  ) throws {
    try graph.validate()
    let sizes = try given ?? graph.sampleBinding()
    let declared = graph.declaredStatePairs.sorted { $0.key < $1.key }.map {
      StatePair(input: $0.key, output: $0.value)
    }
    self.kind = kind
    var propagation = try AtomPropagation(graph, binding: sizes, statePairs: statePairs + declared)
    if kind == .head {
      propagation = AtomPropagation(
        graph, facts: propagation.facts, statePairs: statePairs + declared, heads: HeadRows(propagation))
    }
    let assembly = GroupAssembly(propagation, kind: kind, excluding: isExcluded)
    let components = assembly.components
    groups = assembly.groups
    pinnedGroups = assembly.pinnedGroups
    nodes = graph.nodes
    binding = sizes
    shapes = propagation.facts.compactMapValues(\.shape)
    roles = graph.weightRoles()
    operandWeights = graph.operandWeights()
    places = assembly.places
    groupPositions = Dictionary(uniqueKeysWithValues: assembly.groups.enumerated().map { ($1.name, $0) })

    var arrays: [AtomGrid] = []
    var positions: [AtomGrid: Int] = [:]
    func note(_ grid: AtomGrid) -> Int {
      if let position = positions[grid] { return position }
      positions[grid] = arrays.count
      arrays.append(AtomGrid(sizes: grid.sizes, atoms: grid.atoms.map { components[$0] }))
      return arrays.count - 1
    }
    labels = propagation.labels.reduce(into: [:]) { result, entry in
      result[entry.key] = entry.value.map { label in
        ValueLabel(axes: label.axes, array: note(propagation.grid(label, of: entry.key)))
      }
    }
    faces = propagation.faces.map { entry in
      LabelledFace(
        face: entry.face, array: note(AtomGrid(sizes: entry.face.sizes, atoms: entry.atoms)),
        isConsuming: entry.isConsuming)
    }
    facesOfWeight = Dictionary(grouping: faces.indices, by: { [faces] in faces[$0].face.weight })
    self.arrays = arrays
    integers = Self.integers(of: graph, propagation)
    shuffles = propagation.shuffles
    bypasses = propagation.bypasses
    fixedSizes = propagation.fixedSizes
    followingSizes = propagation.followingSizes
  }

  /// Sizes and positions that may have to be rewritten: constant inputs behind the first, and what a fill has its size from.
  private static func integers(of graph: Graph, _ propagation: AtomPropagation) -> [String: [Int]] {
    var result: [String: [Int]] = [:]
    for node in graph.nodes {
      let first = if case .constantOfShape = node.op { 0 } else { 1 }
      for (position, input) in node.inputs.enumerated().dropFirst(first) where result[input] == nil {
        if let values = propagation.integers(node, position) { result[input] = values }
      }
    }
    return result
  }

  /// For each position along an axis of a value, the unit that holds it, or nil where nothing can leave; nil for an axis that
  /// carries no channels at all, or carries them together with others. This is how statistics of activations become scores.
  package func units(along value: String, axis: Int) -> [UnitPlace?]? {
    guard let label = labels[value]?.first(where: { $0.axes == [axis] }) else { return nil }
    return arrays[label.array].atoms.map { places[$0] }
  }

  /// All sets of axes of a value that carry channels, each with the unit of every entry, row-major over these axes, or nil where
  /// nothing can leave.
  package func unitLabels(of value: String) -> [(axes: [Int], units: [UnitPlace?])] {
    (labels[value] ?? []).map { label in (label.axes, arrays[label.array].atoms.map { places[$0] }) }
  }

  /// For each component, whether it leaves when `keeping` names, for each group, the units that stay (ascending); a group that
  /// is not named keeps all.
  func removed(keeping: [String: [Int]]) throws -> [Bool] {
    var keeps: [[Bool]] = groups.map { Array(repeating: true, count: $0.units.count) }
    for name in keeping.keys.sorted() {
      guard let position = groupPositions[name], let kept = keeping[name] else {
        throw ChannelGroupError(
          .unknownGroup, "There is no group '\(name)' that can be pruned.",
          remedy: pinnedGroups.first { $0.name == name }.map { "It stays because \($0.pinned ?? "of its layer")." }
            ?? "The groups are: \(groups.map(\.name).joined(separator: ", ")).")
      }
      let group = groups[position]
      guard zip(kept, kept.dropFirst()).allSatisfy({ $0 < $1 }), kept.allSatisfy({ group.units.indices.contains($0) })
      else {
        throw ChannelGroupError(
          .invalidSelection,
          "The kept units of '\(name)' must be ascending and within 0..<\(group.units.count); they are \(kept).")
      }
      var flags = Array(repeating: false, count: group.units.count)
      for unit in kept { flags[unit] = true }
      let counts = group.blocks.map { block in block.count { flags[$0] } }
      guard counts.dropFirst().allSatisfy({ $0 == counts[0] }) else {
        throw ChannelGroupError(
          .invalidSelection, "The blocks of '\(name)' keep \(counts) units; their layers need equal counts.")
      }
      keeps[position] = flags
    }
    return places.map { place in place.map { !keeps[$0.group][$0.unit] } ?? false }
  }

  /// The graph must have the analysed structure and shapes; its weights may be others.
  func check(_ graph: Graph) throws {
    guard graph.nodes == nodes else {
      throw ChannelGroupError(
        .differentNetwork, "The network '\(graph.name)' has other nodes than the one that was analysed.",
        remedy: "Analyse it anew.")
    }
    try check(graph.weights)
  }

  func check(_ weights: [String: TensorData]) throws {
    for name in weights.keys.sorted() {
      if let tensor = weights[name], let shape = shapes[name], tensor.shape != shape {
        throw ChannelGroupError(
          .differentNetwork,
          "The weight '\(name)' has shape \(tensor.shape); the network that was analysed has \(shape).",
          remedy: "Analyse it anew.")
      }
    }
  }
}

/// Some axes of a value, and the array that lies over them.
struct ValueLabel: Sendable, Hashable {
  var axes: [Int]
  /// A position in `ChannelAnalysis.arrays`.
  var array: Int
}

/// A weight's face with its array.
struct LabelledFace: Sendable, Hashable {
  var face: WeightFace
  var array: Int
  var isConsuming: Bool
}
