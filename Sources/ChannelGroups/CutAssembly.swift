/// From cuts to blocks: which components must leave in equal counts, and which cannot leave because they never could.
struct CutAssembly {
  /// A cut that binds, as the classes of components that its rows hold.
  private struct Binding {
    var node: String
    /// Components of each kind of row; rows that hold the same are one kind.
    var classes: [[Int]]
  }

  /// For each family of cuts that share components, its components in blocks of equal size.
  private(set) var families: [[[Int]]] = []
  /// Components that stay, with the reason.
  private(set) var refused: [(components: [Int], reason: String)] = []

  private let components: [Int]
  private let canLeave: (Int) -> Bool

  init(_ cuts: [AtomCut], components: [Int], componentCount: Int, canLeave: @escaping (Int) -> Bool) {
    self.components = components
    self.canLeave = canLeave
    let bindings = cuts.compactMap { binding($0) }
    var family = Array(repeating: -1, count: componentCount)
    var members: [[Int]] = []
    for (position, binding) in bindings.enumerated() {
      var touched = Set<Int>()
      var last = -1
      for component in binding.classes.joined() where family[component] != last {
        last = family[component]
        if last >= 0 { touched.insert(last) }
      }
      let joined = touched.sorted().flatMap { members[$0] } + [position]
      for old in touched { members[old] = [] }
      for cut in joined {
        for row in bindings[cut].classes { for component in row { family[component] = members.count } }
      }
      members.append(joined)
    }
    for cuts in members where !cuts.isEmpty { settle(cuts.sorted().map { bindings[$0] }, componentCount) }
  }

  private mutating func refuse(_ components: [Int], _ reason: String) {
    refused.append((components, reason))
  }

  /// What a cut asks for, or nil when it holds whatever leaves (or some components had to be refused).
  private mutating func binding(_ cut: AtomCut) -> Binding? {
    let size = cut.atoms.count / cut.rows
    if size > 1, let rows = distinctRows(cut) { return Binding(node: cut.node, classes: rows) }
    var kinds: [[Int]: Int] = [:]
    var rows: [[Int]] = []
    for row in 0..<cut.rows {
      let held = cut.atoms[row * size..<(row + 1) * size].map { components[$0] }.sorted()
      if kinds.updateValue(0, forKey: held) == nil { rows.append(held) }
    }
    if rows.count == 1 { return nil }
    let areSingle = rows.allSatisfy { $0.first == $0.last }
    if areSingle {
      // Rows of one component leave whole, unless something needs them all.
      if cut.isStrict {
        refuse(rows.compactMap(\.first), "the groups of '\(cut.node)' cannot get smaller by equal counts")
      }
      return nil
    }
    // How often each row holds each component; one that every row holds equally often cannot upset the balance.
    let counts = rows.map { row in row.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 } }
    var classes: [[Int]] = []
    var mixed: [Int] = []
    var multiplicities = Set<Int>()
    var seen = Set<Int>()
    let balanced = Set(counts[0].filter { component, count in counts.allSatisfy { $0[component] == count } }.keys)
    for count in counts {
      var members: [Int] = []
      for component in count.keys.sorted() where !balanced.contains(component) {
        if !seen.insert(component).inserted { mixed.append(component) }
        multiplicities.insert(count[component] ?? 0)
        members.append(component)
      }
      classes.append(members)
    }
    if !mixed.isEmpty || multiplicities.count > 1 {
      refuse(Array(seen).sorted(), "the groups of '\(cut.node)' read some of its channels more than once")
    }
    return Binding(node: cut.node, classes: classes)
  }

  /// The components of each row, ascending, if no component is held twice; nil else.
  private func distinctRows(_ cut: AtomCut) -> [[Int]]? {
    let held = cut.atoms.map { components[$0] }
    let sorted = held.sorted()
    guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
    let size = held.count / cut.rows
    return stride(from: 0, to: held.count, by: size).map { held[$0..<$0 + size].sorted() }
  }

  /// The common refinement of a family's cuts: its cells keep equal counts.
  private mutating func settle(_ family: [Binding], _ componentCount: Int) {
    let members = Set(family.flatMap { $0.classes.joined() }).sorted()
    let node = family[0].node
    let gone = Set(refused.flatMap(\.components))
    if members.contains(where: { !canLeave($0) || gone.contains($0) }) {
      return refuse(members, "the groups of '\(node)' must stay equal, and some of their channels cannot leave")
    }
    // A component's cell is the list of the rows that hold it, each with a number of its own.
    var lists = InternedLists()
    var cellOf = Array(repeating: 0, count: componentCount)
    var known = Set<[[Int]]>()
    var rowCount = 0
    for binding in family where known.insert(binding.classes).inserted {
      for row in binding.classes {
        for component in row { cellOf[component] = lists.appending(rowCount, to: cellOf[component]) }
        rowCount += 1
      }
    }
    var cells: [Int: [Int]] = [:]
    for component in members { cells[cellOf[component], default: []].append(component) }
    let ordered = cells.values.sorted { $0[0] < $1[0] }
    guard ordered.allSatisfy({ $0.count == ordered[0].count }) else {
      return refuse(members, "the groups of '\(node)' overlap with those of '\(family[family.count - 1].node)'")
    }
    guard ordered[0].count > 1 else {
      return refuse(members, "the groups of '\(node)' cannot get smaller by equal counts")
    }
    families.append(ordered)
  }
}
