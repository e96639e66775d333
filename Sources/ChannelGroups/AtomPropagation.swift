import ModelGraph

/// Sends channel atoms through a network, node by node: every value gets labels, arrays of atoms over some of its axes, and so
/// do the weights' axes that channels own.
///
/// A label's array lists atoms in the order in which the value holds them, and whatever leaves, the rest keeps that order: what
/// would not is united or bound by a cut. So the compacted network's arrays are these, filtered. Linear in their entries.
struct AtomPropagation {
  let graph: Graph
  let facts: [String: ValueFact]
  /// What reshape, transpose and reshape make of an axis of channels: by position of the last of the three.
  private(set) var shuffles: [Int: ChannelShuffle] = [:]
  let inputNames: Set<String>
  let consumers: [String: [Int]]
  let producerPositions: [String: Int]

  var union = AtomUnion()
  private(set) var labels: [String: [AtomLabel]] = [:]
  /// In the order in which the network reads them.
  private(set) var faces: [FaceAtoms] = []
  private var facePositions: [WeightFace: Int] = [:]
  private(set) var origins: [String: WeightOrigin] = [:]
  /// For a weight with a scale for each channel, the values that have to follow it along an axis of its own view.
  private var companions: [String: [(value: String, axis: Int)]] = [:]
  /// The atoms of each producing node's outputs, in graph order.
  private(set) var producers: [(node: String, atoms: [Int])] = []
  private(set) var pins: [AtomPin] = []
  private(set) var cuts: [AtomCut] = []
  /// Rows of atoms that are heads.
  private(set) var headRows: [(atoms: [Int], rows: Int)] = []
  /// Where whole heads leave, what they are made of.
  let heads: HeadRows?
  /// An atom of each head.
  private(set) var headAtoms: [Int: Int] = [:]
  private var notedCuts = Set<Int>()
  /// Weight axes that some node reads without knowing their channels.
  private var untrackedAxes: [String: Set<Int>] = [:]
  var sizeSources = SizeSources()
  /// For each reshaped value, axes without channels whose sizes are computed from those of channels.
  var fixedSizes: [String: Set<Int>] = [:]
  /// Expands whose target holds sizes of channels.
  var widenedSizes: [(node: Node, target: [SizeSources.Source])] = []
  /// For each filled value, the axes whose sizes are read off other values, and so follow these by themselves.
  var followingSizes: [String: Set<Int>] = [:]
  /// For each value that an Expand only widened, what it was before.
  var widenings: [String: String] = [:]
  /// By first output of a node: inputs that are read as they were before an Expand widened them.
  var bypasses: [String: [Int: String]] = [:]

  /// Throws `GraphError` when the network's shapes do not fit.
  init(_ graph: Graph, binding sizes: [String: Int], statePairs: [StatePair]) throws {
    self.init(graph, facts: try graph.facts(binding: sizes), statePairs: statePairs, heads: nil)
  }

  init(_ graph: Graph, facts: [String: ValueFact], statePairs: [StatePair], heads: HeadRows?) {
    self.graph = graph
    self.facts = facts
    self.heads = heads
    inputNames = Set(graph.inputs.map(\.name))
    consumers = graph.consumers()
    var positions: [String: Int] = [:]
    for (position, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { positions[output] = position }
    }
    producerPositions = positions
    let candidates = ChannelShuffle.all(in: graph, facts: facts, consumers: consumers)
    let pairs = statePairs + StatePair.detected(in: graph, facts: facts, declared: statePairs)
    openStates(pairs)
    var turns = Set<Int>()
    for (position, node) in graph.nodes.enumerated() where !turns.contains(position) {
      if let shuffle = candidates[position],
        labels[shuffle.input]?.contains(where: { $0.axes.contains(shuffle.axis) }) == true
      {
        shuffles[shuffle.last] = shuffle
        turns.insert(shuffle.turn)
      } else if let shuffle = shuffles[position] {
        propagate(shuffle, node)
      } else {
        propagate(node)
        traceSizes(node)
      }
    }
    closeWidenedSizes()
    closeStates(pairs)
    let stateOutputs = Set(pairs.map(\.output))
    for output in graph.outputs where !stateOutputs.contains(output.name) {
      if isWeight(output.name) { noteUntracked(output.name) }
      for label in labels[output.name] ?? [] {
        pin(label.atoms, "it is an output of the network ('\(output.name)')")
      }
    }
    labelDerivedWeights()
    pinMisreadWeights()
  }

  func shape(_ value: String) -> [Int] { facts[value]?.shape ?? [] }

  /// True for weights and for what is a weight seen through casts, transposes and the like.
  func isWeight(_ value: String) -> Bool { graph.weights[value] != nil || origins[value] != nil }

  func origin(_ value: String) -> WeightOrigin? {
    if let origin = origins[value] { return origin }
    guard let weight = graph.weights[value] else { return nil }
    return WeightOrigin(weight: value, view: weight.shape, axes: weight.shape.indices.map { [$0] })
  }

  mutating func setOrigin(_ value: String, _ origin: WeightOrigin) { origins[value] = origin }

  mutating func noteCompanion(of weight: String, _ value: String, axis: Int) {
    companions[weight, default: []].append((value, axis))
  }

  // MARK: Labels

  /// Gives a value its labels; rows of a label over several axes are bound to equal counts.
  mutating func set(_ value: String, _ new: [AtomLabel], _ node: Node) {
    if value.isEmpty || new.isEmpty { return }
    let sizes = shape(value)
    let new = heads == nil ? new : new.map { droppingWholeRows($0, sizes: sizes) }
    labels[value] = new
    for label in new where label.axes.count > 1 { noteRows(label, sizes: label.axes.map { sizes[$0] }, node) }
  }

  mutating func addLabel(_ value: String, _ label: AtomLabel) {
    labels[value, default: []].append(label)
  }

  func grid(_ label: AtomLabel, of value: String) -> AtomGrid {
    let sizes = shape(value)
    return AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
  }

  /// The labels of a value that is read as data; a weight that is so read is noted.
  mutating func dataLabels(_ value: String) -> [AtomLabel] {
    if value.isEmpty { return [] }
    if isWeight(value) {
      noteUntracked(value)
      return []
    }
    return labels[value] ?? []
  }

  // MARK: Weights

  /// Labels for values that are weights seen through other nodes, by the faces that were asked for.
  private mutating func labelDerivedWeights() {
    var byWeight: [String: [FaceAtoms]] = [:]
    for entry in faces { byWeight[entry.face.weight, default: []].append(entry) }
    for (value, origin) in origins {
      guard let entries = byWeight[origin.weight] else { continue }
      for entry in entries where entry.face.view == origin.view {
        let axes = origin.axes.indices.filter { axis in
          !origin.axes[axis].isEmpty && origin.axes[axis].contains { entry.face.axes.contains($0) }
        }
        let seen = axes.flatMap { origin.axes[$0] }
        guard Set(seen) == Set(entry.face.axes), !(labels[value] ?? []).contains(where: { $0.axes == axes }) else {
          continue
        }
        let places = seen.compactMap { entry.face.axes.firstIndex(of: $0) }
        let grid = AtomGrid(sizes: entry.face.sizes, atoms: entry.atoms).permuted(places)
        addLabel(value, AtomLabel(axes: axes, atoms: grid.atoms))
      }
    }
  }

  /// The atoms over some axes of a weight, made at the first reading; later readings (shared weights) get the same.
  mutating func face(_ weight: String, view: [Int], axes: [Int], produces: Bool) -> [Int] {
    let key = WeightFace(weight: weight, view: view, axes: axes)
    if let position = facePositions[key] {
      faces[position].note(produces)
      return faces[position].atoms
    }
    let atoms = union.makeAtoms(key.sizes.reduce(1, *))
    facePositions[key] = faces.count
    var entry = FaceAtoms(face: key, atoms: atoms)
    entry.note(produces)
    faces.append(entry)
    uniteHeads(key, atoms)
    for companion in companions[weight] ?? [] where axes == [companion.axis] && view == graph.weights[weight]?.shape {
      unite(face(companion.value, view: [atoms.count], axes: [0], produces: produces), atoms)
    }
    return atoms
  }

  /// The entries of one head leave together, where whole heads leave.
  private mutating func uniteHeads(_ face: WeightFace, _ atoms: [Int]) {
    guard let known = heads?.heads(of: face) else { return }
    for (atom, head) in zip(atoms, known) where head >= 0 {
      if let first = headAtoms[head] { union.unite(first, atom) } else { headAtoms[head] = atom }
    }
  }

  /// The same for a value that is a weight or comes from one, over ascending axes of the value.
  mutating func face(of value: String, _ axes: [Int], produces: Bool) -> [Int] {
    guard let origin = origin(value) else { return union.makeAtoms(axes.reduce(1) { $0 * shape(value)[$1] }) }
    let seen = axes.flatMap { origin.axes[$0] }
    let sorted = seen.sorted()
    let atoms = face(origin.weight, view: origin.view, axes: sorted, produces: produces)
    if seen == sorted { return atoms }
    let grid = AtomGrid(sizes: sorted.map { origin.view[$0] }, atoms: atoms)
    let order = seen.map { axis in sorted.firstIndex(of: axis) ?? 0 }
    collapseAllButLongest(grid)
    return grid.permuted(order).atoms
  }

  /// A weight is read in a way in which its axes (all, unless named) cannot follow the channels that own it elsewhere.
  mutating func noteUntracked(_ value: String, axis: Int? = nil) {
    guard let origin = origin(value), let shape = graph.weights[origin.weight]?.shape else { return }
    if let axis {
      let owners = WeightFace.owners(view: origin.view, shape: shape)
      untrackedAxes[origin.weight, default: []].formUnion(origin.axes[axis].map { owners[$0] })
    } else {
      untrackedAxes[origin.weight, default: []].formUnion(shape.indices)
    }
  }

  /// Pins what owns a part of a weight that is elsewhere read whole, or seen under other axes.
  private mutating func pinMisreadWeights() {
    var views: [String: Set<[Int]>] = [:]
    for entry in faces { views[entry.face.weight, default: []].insert(entry.face.view) }
    for entry in faces {
      let face = entry.face
      let owners = WeightFace.owners(view: face.view, shape: shape(face.weight))
      if let untracked = untrackedAxes[face.weight], face.axes.contains(where: { untracked.contains(owners[$0]) }) {
        pin(entry.atoms, "its weight '\(face.weight)' is shared with a node that needs it whole")
      }
      if (views[face.weight]?.count ?? 0) > 1 {
        pin(entry.atoms, "its weight '\(face.weight)' is read by convolutions of different groups")
      }
    }
  }

  // MARK: Atoms

  mutating func unite(_ left: [Int], _ right: [Int]) { union.unite(left, right) }

  mutating func pin(_ atoms: [Int], _ reason: String) {
    if !atoms.isEmpty { pins.append(AtomPin(atoms: atoms, reason: reason)) }
  }

  mutating func pin(_ labels: [AtomLabel], _ reason: String) {
    for label in labels { pin(label.atoms, reason) }
  }

  mutating func noteProducer(_ node: Node, _ atoms: [Int]) {
    producers.append((node.name, atoms))
  }

  /// Rows of equal length that are heads.
  mutating func noteHeads(_ atoms: [Int], rows: Int) {
    if heads == nil, rows > 1, !atoms.isEmpty { headRows.append((atoms, rows)) }
  }

  /// Rows of equal length that keep equal counts; those of a strict cut may not leave whole.
  mutating func noteCut(_ node: Node, _ atoms: [Int], rows: Int, strict: Bool) {
    guard rows > 1, !atoms.isEmpty else { return }
    if notedCuts.insert(Self.hash(atoms, rows: rows, strict: strict)).inserted {
      cuts.append(AtomCut(node: node.name, atoms: atoms, rows: rows, isStrict: strict))
    }
  }

  /// True where these rows are known to stay.
  func isStrictlyCut(_ atoms: [Int], rows: Int) -> Bool {
    notedCuts.contains(Self.hash(atoms, rows: rows, strict: true))
  }

  private static func hash(_ atoms: [Int], rows: Int, strict: Bool) -> Int {
    var hasher = Hasher()
    hasher.combine(atoms)
    hasher.combine(rows)
    hasher.combine(strict)
    return hasher.finalize()
  }

  /// The rows of every axis but the last of a joint grid.
  mutating func noteRows(_ label: AtomLabel, sizes: [Int], _ node: Node) {
    var rows = 1
    for size in sizes.dropLast() {
      rows *= size
      noteCut(node, label.atoms, rows: rows, strict: false)
    }
  }

  /// Each set's smallest atom, for every atom.
  mutating func roots() -> [Int] {
    (0..<union.count).map { union.root(of: $0) }
  }
}

/// The atoms of a weight's face, and how they are read.
struct FaceAtoms: Sendable {
  let face: WeightFace
  var atoms: [Int]
  private(set) var isProducing = false
  private(set) var isConsuming = false

  init(face: WeightFace, atoms: [Int]) {
    self.face = face
    self.atoms = atoms
  }

  mutating func note(_ produces: Bool) {
    if produces { isProducing = true } else { isConsuming = true }
  }
}

/// Why some atoms may not leave.
struct AtomPin {
  var atoms: [Int]
  var reason: String
}

/// Rows of atoms that keep equal counts, and the node that asks for it.
struct AtomCut {
  var node: String
  /// Row after row.
  var atoms: [Int]
  var rows: Int
  /// No row may leave whole.
  var isStrict: Bool
}
