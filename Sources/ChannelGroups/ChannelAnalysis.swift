import ModelGraph

/// Which channels of a network can leave, and what leaves with them; made once per network, from its structure and shapes alone.
///
/// Linear in the entries of all labelled axes. The rules are in `AtomPropagation+Operators`.
package struct ChannelAnalysis: Sendable {
  /// What can be pruned, in the order of the first producing nodes.
  package let groups: [ChannelGroup]
  /// What layers produce and what yet has to stay, each with its reason.
  package let pinnedGroups: [ChannelGroup]

  let nodes: [Node]
  let shapes: [String: [Int]]
  let roles: [String: WeightRole]
  /// Components along the labelled axes of each value.
  let labels: [String: [Int: [Int]]]
  let faces: [WeightFace: [Int]]
  let consumingFaces: [WeightFace]
  /// For each weight, its faces.
  let facesOfWeight: [String: [WeightFace]]
  let places: [UnitPlace?]
  let groupPositions: [String: Int]

  /// Layers (producing nodes) whose name satisfies `isExcluded` keep all their channels, and so do the layers tied to them.
  ///
  /// Symbolic axes have the sizes given, else 1. Throws `GraphError` when the network's shapes do not fit.
  package init(
    _ graph: Graph, binding sizes: [String: Int] = [:], excluding isExcluded: (String) -> Bool = { _ in false }
  ) throws {
    try graph.validate()
    let propagation = try AtomPropagation(graph, binding: sizes)
    let assembly = GroupAssembly(propagation, excluding: isExcluded)
    let components = assembly.components
    groups = assembly.groups
    pinnedGroups = assembly.pinnedGroups
    nodes = graph.nodes
    shapes = propagation.shapes
    roles = graph.weightRoles()
    labels = propagation.labels.mapValues { axes in axes.mapValues { atoms in atoms.map { components[$0] } } }
    faces = propagation.faces.mapValues { atoms in atoms.map { components[$0] } }
    consumingFaces = propagation.faceOrder.filter { propagation.consumingFaces.contains($0) }
    facesOfWeight = Dictionary(grouping: propagation.faceOrder, by: \.weight)
    places = assembly.places
    groupPositions = Dictionary(uniqueKeysWithValues: assembly.groups.enumerated().map { ($1.name, $0) })
  }

  /// For each position along an axis of a value, the unit that holds it, or nil where nothing can leave; nil for an axis that
  /// carries no channels at all. This is how statistics of activations become scores of units.
  package func units(along value: String, axis: Int) -> [UnitPlace?]? {
    labels[value]?[axis]?.map { places[$0] }
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
          .invalidSelection, "The blocks of '\(name)' keep \(counts) units; a grouped convolution needs equal counts.")
      }
      keeps[position] = flags
    }
    let removed = places.map { place in place.map { !keeps[$0.group][$0.unit] } ?? false }
    for value in labels.keys.sorted() {
      for (axis, array) in labels[value] ?? [:] where !array.isEmpty && array.allSatisfy({ removed[$0] }) {
        throw ChannelGroupError(
          .emptiedAxis, "Nothing would be left of axis \(axis) of '\(value)', which has \(array.count) channels.",
          remedy: "Keep at least one of them.")
      }
    }
    return removed
  }

  /// The positions of an array that stay.
  func kept(_ array: [Int], _ removed: [Bool]) -> [Int] {
    array.indices.filter { !removed[array[$0]] }
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
