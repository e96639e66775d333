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

  init(_ propagation: AtomPropagation, excluding isExcluded: (String) -> Bool) {
    var propagation = propagation
    let roots = propagation.roots()
    var numbers: [Int: Int] = [:]
    for (atom, root) in roots.enumerated() where atom == root { numbers[root] = numbers.count }
    components = roots.map { numbers[$0] ?? 0 }
    componentCount = numbers.count
    producers = Array(repeating: [], count: componentCount)
    reasons = Array(repeating: nil, count: componentCount)
    places = Array(repeating: nil, count: componentCount)
    producerNames = propagation.producers.map(\.node)

    for (position, producer) in propagation.producers.enumerated() {
      for component in Set(producer.atoms.map { components[$0] }) { producers[component].append(position) }
    }
    for producer in propagation.producers where isExcluded(producer.node) {
      for atom in producer.atoms { setReason(components[atom], "layer '\(producer.node)' is left out") }
    }
    for pin in propagation.pins {
      for atom in pin.atoms { setReason(components[atom], pin.reason) }
    }
    let families = joinCuts(propagation.cuts)
    let slices = collectSlices(propagation)
    assemble(families, slices)
    addFloors(propagation.labels)
  }

  private mutating func setReason(_ component: Int, _ reason: String) {
    if reasons[component] == nil { reasons[component] = reason }
  }

  private func canLeave(_ component: Int) -> Bool {
    reasons[component] == nil && !producers[component].isEmpty
  }

  /// The cuts that bind, joined where they share components: for each family its components in blocks of equal size.
  private mutating func joinCuts(_ cuts: [(node: String, blocks: [[Int]])]) -> [[[Int]]] {
    var binding: [(node: String, blockOf: [Int: Int])] = []
    for cut in cuts {
      let counts = cut.blocks.map { block in
        block.reduce(into: [Int: Int]()) { $0[components[$1], default: 0] += 1 }
      }
      // Components with the same count in every block cannot upset the balance.
      if counts.dropFirst().allSatisfy({ $0 == counts[0] }) { continue }
      var blockOf: [Int: Int] = [:]
      var isMixed = false
      for (block, count) in counts.enumerated() {
        for (component, occurrences) in count {
          if occurrences > 1 || blockOf.updateValue(block, forKey: component) != nil { isMixed = true }
        }
      }
      let members = blockOf.keys.sorted()
      if isMixed {
        for component in members {
          setReason(component, "the groups of '\(cut.node)' read some of its channels more than once")
        }
      }
      binding.append((cut.node, blockOf))
    }
    var families: [[(node: String, blockOf: [Int: Int])]] = []
    for cut in binding {
      let touching = families.indices.filter { index in
        families[index].contains { !Set($0.blockOf.keys).isDisjoint(with: cut.blockOf.keys) }
      }
      let joined = touching.flatMap { families[$0] } + [cut]
      families = families.indices.filter { !touching.contains($0) }.map { families[$0] } + [joined]
    }
    return families.compactMap { cells(of: $0) }
  }

  /// The common refinement of a family's cuts, or nil (with everything pinned) when no count of its cells balances all cuts.
  private mutating func cells(of family: [(node: String, blockOf: [Int: Int])]) -> [[Int]]? {
    let members = Set(family.flatMap { $0.blockOf.keys }).sorted()
    let node = family[0].node
    func refuse(_ this: inout GroupAssembly, _ reason: String) {
      for component in members { this.setReason(component, reason) }
    }
    if members.contains(where: { !canLeave($0) }) {
      refuse(&self, "the groups of '\(node)' must stay equal, and some of their channels cannot leave")
      return nil
    }
    guard family.allSatisfy({ $0.blockOf.count == members.count }) else {
      refuse(&self, "the groups of '\(node)' overlap with those of '\(family[family.count - 1].node)'")
      return nil
    }
    var cells: [[Int]: [Int]] = [:]
    for component in members {
      cells[family.map { $0.blockOf[component] ?? 0 }, default: []].append(component)
    }
    let ordered = cells.values.sorted { $0[0] < $1[0] }
    guard ordered.allSatisfy({ $0.count == ordered[0].count }), ordered[0].count > 1 else {
      refuse(&self, "the groups of '\(node)' cannot get smaller by equal counts")
      return nil
    }
    return ordered
  }

  private func collectSlices(_ propagation: AtomPropagation) -> [[WeightSlice]] {
    var slices: [[WeightSlice]] = Array(repeating: [], count: componentCount)
    for face in propagation.faceOrder {
      let atoms = propagation.faces[face] ?? []
      let size = atoms.count / face.groups
      let rows = propagation.shape(face.weight)[0] / face.groups
      for block in 0..<face.groups {
        var indices: [Int: [Int]] = [:]
        for index in 0..<size { indices[components[atoms[block * size + index]], default: []].append(index) }
        for (component, indices) in indices {
          slices[component].append(
            WeightSlice(
              weight: face.weight, axis: face.axis, indices: indices,
              isOutput: propagation.producingFaces.contains(face),
              rows: face.groups > 1 ? block * rows..<(block + 1) * rows : nil))
        }
      }
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
    var byKey: [String: Int] = [:]
    for component in 0..<componentCount where !producers[component].isEmpty && !tied.contains(component) {
      let key = "\(producers[component]) \(reasons[component] ?? "")"
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
  private mutating func addFloors(_ labels: [String: [Int: [Int]]]) {
    var arrays = Set<[Int]>()
    for axes in labels.values {
      for atoms in axes.values { arrays.insert(Set(atoms.map { components[$0] }).sorted()) }
    }
    var found: [Int: Set<[Int]>] = [:]
    for array in arrays where !array.isEmpty {
      let parts = array.map { places[$0] }
      if parts.contains(where: { $0 == nil }) { continue }
      let byGroup = Dictionary(grouping: parts.compactMap { $0 }, by: \.group)
      if byGroup.contains(where: { $1.count == groups[$0].units.count }) { continue }
      guard let group = byGroup.keys.min(), let units = byGroup[group] else { continue }
      found[group, default: []].insert(units.map(\.unit).sorted())
    }
    for (group, floors) in found {
      let minimal = floors.filter { floor in
        !floors.contains { $0 != floor && Set($0).isSubset(of: floor) }
      }
      groups[group].floors = minimal.sorted { $0.lexicographicallyPrecedes($1) }
    }
  }
}

/// Where a component is found among the groups.
package struct UnitPlace: Sendable, Hashable {
  /// A position in `ChannelAnalysis.groups`.
  package var group: Int
  package var unit: Int
}
