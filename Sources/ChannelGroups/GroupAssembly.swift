import ModelGraph

/// From united atoms to groups: which sets have a producer, which are pinned, and which compete or are tied by a cut.
///
/// A component is one set of atoms; its number is its place in the order of the sets' smallest atoms.
struct GroupAssembly {
  /// For each atom, its component.
  let components: [Int]
  private let componentCount: Int
  /// For each component, the positions of its producing nodes in graph order.
  private var producers: [[Int]]
  private var reasons: [String?]
  private let producerNames: [String]

  private(set) var groups: [ChannelGroup] = []
  private(set) var pinnedGroups: [ChannelGroup] = []
  /// For each component, its group (a position in `groups`) and its unit there; nil for one that never leaves.
  private(set) var places: [UnitPlace?]

  init(_ propagation: AtomPropagation, kind: ChannelKind, excluding isExcluded: (String) -> Bool) {
    var propagation = propagation
    let roots = propagation.roots()
    var numbers = Array(repeating: 0, count: roots.count)
    var count = 0
    for (atom, root) in roots.enumerated() {
      if atom == root {
        numbers[atom] = count
        count += 1
      } else {
        numbers[atom] = numbers[root]
      }
    }
    components = numbers
    componentCount = count
    producers = Array(repeating: [], count: componentCount)
    reasons = Array(repeating: nil, count: componentCount)
    places = Array(repeating: nil, count: componentCount)
    producerNames = propagation.producers.map(\.node)

    for (position, producer) in propagation.producers.enumerated() {
      for atom in producer.atoms where producers[components[atom]].last != position {
        producers[components[atom]].append(position)
      }
    }
    for producer in propagation.producers where isExcluded(producer.node) {
      for atom in producer.atoms { setReason(components[atom], "layer '\(producer.node)' is left out") }
    }
    for pin in propagation.pins {
      for atom in pin.atoms { setReason(components[atom], pin.reason) }
    }
    restrict(to: kind, propagation)
    let slices = collectSlices(propagation)
    let cuts = CutAssembly(
      propagation.cuts, components: components, componentCount: componentCount,
      canLeave: { [reasons, producers] in reasons[$0] == nil && !producers[$0].isEmpty })
    for (refused, reason) in cuts.refused {
      for component in refused { setReason(component, reason) }
    }
    assemble(cuts.families, slices)
    addFloors(propagation.labels)
  }

  private mutating func setReason(_ component: Int, _ reason: String) {
    if reasons[component] == nil { reasons[component] = reason }
  }

  /// Components of another kind stay.
  private mutating func restrict(to kind: ChannelKind, _ propagation: AtomPropagation) {
    switch kind {
    case .channel: break
    case .head:
      let heads = Set(propagation.headAtoms.values.map { components[$0] })
      for component in producers.indices where !producers[component].isEmpty && !heads.contains(component) {
        setReason(component, "it is no head and no group of a convolution")
      }
    case .recurrent:
      let isRecurrent = Dictionary(
        propagation.graph.nodes.map { node in
          if case .recurrent = node.op { (node.name, true) } else { (node.name, false) }
        }, uniquingKeysWith: { first, _ in first })
      for component in producers.indices {
        if let other = producers[component].first(where: { isRecurrent[producerNames[$0]] != true }) {
          setReason(component, "'\(producerNames[other])' is no recurrent layer")
        }
      }
    }
  }

  private func collectSlices(_ propagation: AtomPropagation) -> [[WeightSlice]] {
    var slices: [[WeightSlice]] = Array(repeating: [], count: componentCount)
    var stamps = Array(repeating: -1, count: componentCount)
    var stamp = 0
    for entry in propagation.faces {
      let shape = propagation.shape(entry.face.weight)
      guard let geometry = FaceGeometry(entry.face, shape: shape) else { continue }
      for segment in geometry.segments {
        for (offset, position) in segment.entries.enumerated() {
          let component = components[entry.atoms[position]]
          if stamps[component] == stamp {
            slices[component][slices[component].count - 1].indices += geometry.indices[offset]
          } else {
            stamps[component] = stamp
            slices[component].append(
              WeightSlice(
                weight: entry.face.weight, axis: geometry.axis, indices: geometry.indices[offset],
                isOutput: entry.isProducing, rows: segment.rows, rowAxis: geometry.rowAxis))
          }
        }
        stamp += 1
      }
    }
    for component in slices.indices {
      for position in slices[component].indices { slices[component][position].indices.sort() }
    }
    return slices
  }

  private mutating func assemble(_ families: [[[Int]]], _ slices: [[WeightSlice]]) {
    struct Draft {
      var members: [Int]
      var pinned: String?
      var blocks: [[Int]] = []
    }
    var drafts: [Draft] = families.map { cells in
      Draft(members: cells.flatMap { $0 }.sorted(), blocks: cells)
    }
    let tied = Set(drafts.flatMap(\.members))
    struct Key: Hashable {
      var producers: [Int]
      var reason: String?
    }
    var byKey: [Key: Int] = [:]
    for component in 0..<componentCount where !producers[component].isEmpty && !tied.contains(component) {
      let key = Key(producers: producers[component], reason: reasons[component])
      if let position = byKey[key] {
        drafts[position].members.append(component)
      } else {
        byKey[key] = drafts.count
        drafts.append(Draft(members: [component], pinned: reasons[component]))
      }
    }
    let layers = drafts.map { Set($0.members.flatMap { producers[$0] }).sorted() }
    // What can be pruned takes the plain names.
    func rank(_ index: Int) -> (Int, Int, Int) {
      (drafts[index].pinned == nil ? 0 : 1, layers[index][0], drafts[index].members[0])
    }
    let order = drafts.indices.sorted { rank($0) < rank($1) }
    var taken: [String: Int] = [:]
    for position in order {
      let draft = drafts[position]
      let first = producerNames[layers[position][0]]
      taken[first, default: 0] += 1
      let count = taken[first] ?? 1
      var group = ChannelGroup(
        name: count == 1 ? first : "\(first)#\(count)", layers: layers[position].map { producerNames[$0] },
        units: draft.members.map { ChannelUnit(slices: slices[$0]) }, pinned: draft.pinned)
      let unitOf = Dictionary(uniqueKeysWithValues: draft.members.enumerated().map { ($1, $0) })
      group.blocks = draft.blocks.map { block in block.compactMap { unitOf[$0] } }
      if draft.pinned == nil {
        for (unit, component) in draft.members.enumerated() {
          places[component] = UnitPlace(group: groups.count, unit: unit)
        }
        groups.append(group)
      } else {
        pinnedGroups.append(group)
      }
    }
  }

  /// No array may become empty. Every group keeps at least one unit, so only arrays that hold no group whole need a floor.
  private mutating func addFloors(_ labels: [String: [AtomLabel]]) {
    var arrays = Set<[Int]>()
    for label in labels.values.joined() { arrays.insert(label.atoms) }
    var found: [Int: Set<[Int]>] = [:]
    var stamps = Array(repeating: -1, count: componentCount)
    next: for (stamp, array) in arrays.enumerated() where !array.isEmpty {
      var parts: [Int: [Int]] = [:]
      for atom in array {
        let component = components[atom]
        if stamps[component] == stamp { continue }
        stamps[component] = stamp
        guard let place = places[component] else { continue next }
        parts[place.group, default: []].append(place.unit)
      }
      if parts.contains(where: { $1.count == groups[$0].units.count }) { continue }
      guard let group = parts.keys.min(), let units = parts[group] else { continue }
      found[group, default: []].insert(units.sorted())
    }
    for (group, floors) in found {
      let sets = floors.map { ($0, Set($0)) }
      let minimal = sets.filter { floor in
        !sets.contains { $0.0.count < floor.0.count && $0.1.isSubset(of: floor.1) }
      }
      groups[group].floors = minimal.map(\.0).sorted { $0.lexicographicallyPrecedes($1) }
    }
  }
}

/// Where a component is found among the groups.
package struct UnitPlace: Sendable, Hashable {
  /// A position in `ChannelAnalysis.groups`.
  package var group: Int
  package var unit: Int

  package init(group: Int, unit: Int) {
    self.group = group
    self.unit = unit
  }
}
