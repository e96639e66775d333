import ModelGraph

/// From united atoms to groups: which sets have a producer, which are pinned, and which compete or are tied by a cut.
///
/// A component is one set of atoms; its number is its place in the order of the sets' smallest atoms.
struct GroupAssembly {
  /// For each atom, its component.
  let components: [Int]
  private let componentCount: Int
  /// Positions of producing nodes in graph order.
  private var lists = InternedLists()
  /// For each component, the number of its list of producing nodes.
  private var producers: [Int]
  /// For each component why it stays, a position among `reasonTexts`; nil for one that may leave.
  private var reasons: [Int?]
  private var reasonTexts: [String] = []
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
    producers = Array(repeating: 0, count: componentCount)
    reasons = Array(repeating: nil, count: componentCount)
    places = Array(repeating: nil, count: componentCount)
    producerNames = propagation.producers.map(\.node)

    for (position, producer) in propagation.producers.enumerated() { noteProducer(position, producer.atoms) }
    for producer in propagation.producers where isExcluded(producer.node) {
      setReason("layer '\(producer.node)' is left out", atoms: producer.atoms)
    }
    for pin in propagation.pins { setReason(pin.reason, atoms: pin.atoms) }
    restrict(to: kind, propagation)
    let cuts = CutAssembly(
      propagation.cuts, components: components, componentCount: componentCount,
      canLeave: { [reasons, producers] in reasons[$0] == nil && producers[$0] != 0 })
    for (refused, reason) in cuts.refused { setReason(reason, refused) }
    assemble(cuts.families, propagation)
    addFloors(propagation.labels)
  }

  private mutating func noteProducer(_ position: Int, _ atoms: [Int]) {
    // Neighbours mostly have the same producers so far.
    var (old, new) = (-1, -1)
    for atom in atoms {
      let component = components[atom]
      let list = producers[component]
      if list != old {
        if list == new || lists[list].last == position { continue }
        (old, new) = (list, lists.appending(position, to: list))
      }
      producers[component] = new
    }
  }

  private mutating func setReason(_ reason: String, atoms: [Int]) { setReason(reason, atoms.map { components[$0] }) }

  /// The first reason that a component is given is the one it keeps.
  private mutating func setReason(_ reason: String, _ held: [Int]) {
    let number = reasonTexts.firstIndex(of: reason) ?? reasonTexts.count
    if number == reasonTexts.count { reasonTexts.append(reason) }
    for component in held where reasons[component] == nil { reasons[component] = number }
  }

  /// Components of another kind stay.
  private mutating func restrict(to kind: ChannelKind, _ propagation: AtomPropagation) {
    switch kind {
    case .channel: break
    case .head:
      let heads = Set(propagation.headAtoms.values.map { components[$0] })
      setReason(
        "it is no head and no group of a convolution",
        producers.indices.filter { producers[$0] != 0 && !heads.contains($0) })
    case .recurrent:
      let isRecurrent = Dictionary(
        propagation.graph.nodes.map { node in
          if case .recurrent = node.op { (node.name, true) } else { (node.name, false) }
        }, uniquingKeysWith: { first, _ in first })
      let other = lists.lists.map { list in list.first { isRecurrent[producerNames[$0]] != true } }
      for component in producers.indices {
        guard let other = other[producers[component]] else { continue }
        setReason("'\(producerNames[other])' is no recurrent layer", [component])
      }
    }
  }

  /// Members of one group.
  private struct Draft {
    /// Components, ascending.
    var members: [Int]
    /// Positions of producing nodes, ascending.
    var layers: [Int]
    var pinned: String?
    var blocks: [[Int]] = []
  }

  /// Components that a cut binds together make a group, and so do those with the same producers and the same reason to stay.
  private func drafts(_ families: [[[Int]]]) -> [Draft] {
    var isTied = Array(repeating: false, count: componentCount)
    var drafts: [Draft] = families.map { cells in
      let members = cells.flatMap { $0 }.sorted()
      for component in members { isTied[component] = true }
      let layers = Set(Set(members.map { producers[$0] }).flatMap { lists[$0] })
      return Draft(members: members, layers: layers.sorted(), blocks: cells)
    }
    struct Key: Hashable {
      var producers: Int
      var reason: Int?
    }
    var byKey: [Key: Int] = [:]
    var last: (key: Key, draft: Int)?
    for component in 0..<componentCount where producers[component] != 0 && !isTied[component] {
      let key = Key(producers: producers[component], reason: reasons[component])
      let known = last?.key == key ? last?.draft : byKey[key]
      let position = known ?? drafts.count
      if known == nil {
        byKey[key] = position
        drafts.append(
          Draft(members: [], layers: lists[key.producers], pinned: key.reason.map { reasonTexts[$0] }))
      }
      drafts[position].members.append(component)
      last = (key, position)
    }
    return drafts
  }

  private mutating func assemble(_ families: [[[Int]]], _ propagation: AtomPropagation) {
    let drafts = drafts(families)
    // For each component its draft and its place there.
    var owners: [UnitPlace?] = Array(repeating: nil, count: componentCount)
    for (position, draft) in drafts.enumerated() {
      for (unit, component) in draft.members.enumerated() { owners[component] = UnitPlace(group: position, unit: unit) }
    }
    let faces = FaceAssembly(propagation, components: components, owners: owners, groupCount: drafts.count).faces
    // What can be pruned takes the plain names.
    func rank(_ index: Int) -> (Int, Int, Int) {
      (drafts[index].pinned == nil ? 0 : 1, drafts[index].layers[0], drafts[index].members[0])
    }
    let order = drafts.indices.sorted { rank($0) < rank($1) }
    var taken: [String: Int] = [:]
    for position in order {
      let draft = drafts[position]
      let first = producerNames[draft.layers[0]]
      taken[first, default: 0] += 1
      let count = taken[first] ?? 1
      let group = ChannelGroup(
        name: count == 1 ? first : "\(first)#\(count)", layers: draft.layers.map { producerNames[$0] },
        units: ChannelUnits(count: draft.members.count, faces: faces[position]), pinned: draft.pinned,
        blocks: draft.blocks.map { block in block.compactMap { owners[$0]?.unit } })
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
    var arrays = Set<AtomGrid>()
    for label in labels.values.joined() { arrays.insert(AtomGrid(sizes: [], atoms: label.atoms)) }
    var found: [Int: Set<[Int]>] = [:]
    var stamps = Array(repeating: -1, count: componentCount)
    next: for (stamp, array) in arrays.enumerated() where !array.atoms.isEmpty {
      // The units that the array holds, by runs of one group.
      var runs: [(group: Int, units: [Int])] = []
      for atom in array.atoms {
        let component = components[atom]
        if stamps[component] == stamp { continue }
        stamps[component] = stamp
        guard let place = places[component] else { continue next }
        if runs.last?.group != place.group { runs.append((place.group, [])) }
        runs[runs.count - 1].units.append(place.unit)
      }
      let parts = Dictionary(runs.map { ($0.group, $0.units) }, uniquingKeysWith: +)
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
package struct UnitPlace: Sendable, Hashable, Comparable {
  /// A position in `ChannelAnalysis.groups`.
  package var group: Int
  package var unit: Int

  package init(group: Int, unit: Int) {
    self.group = group
    self.unit = unit
  }

  package static func < (left: UnitPlace, right: UnitPlace) -> Bool {
    (left.group, left.unit) < (right.group, right.unit)
  }
}
