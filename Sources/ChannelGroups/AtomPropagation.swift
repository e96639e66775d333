import ModelGraph

/// One axis of a weight that is labelled with atoms.
struct WeightFace: Hashable {
  var weight: String
  var axis: Int
  /// A grouped convolution's input axis stands for `groups` times as many channels as it is long, block after block; else 1.
  var groups: Int
}

/// Why some atoms may not leave.
struct AtomPin {
  var atoms: [Int]
  var reason: String
}

/// Sends channel atoms through a network, node by node: every value gets an array of atoms for each labelled axis, and so does
/// every axis of a weight that a channel owns.
///
/// The rules for each operator are in `AtomPropagation+Operators`. Linear in the entries of the arrays.
struct AtomPropagation {
  let graph: Graph
  let shapes: [String: [Int]]

  private(set) var union = AtomUnion()
  /// For each value, the atoms along its labelled axes.
  private(set) var labels: [String: [Int: [Int]]] = [:]
  private(set) var faces: [WeightFace: [Int]] = [:]
  /// In the order in which the network reads them.
  private(set) var faceOrder: [WeightFace] = []
  private(set) var producingFaces = Set<WeightFace>()
  private(set) var consumingFaces = Set<WeightFace>()
  /// The atoms of each producing node's output rows, in graph order.
  private(set) var producers: [(node: String, atoms: [Int])] = []
  private(set) var pins: [AtomPin] = []
  /// Blocks of atoms of which each must keep the same count, and the node that asks for it.
  private(set) var cuts: [(node: String, blocks: [[Int]])] = []
  /// Weight axes that some node reads without knowing their channels.
  private var untrackedAxes: [String: Set<Int>] = [:]

  /// Throws `GraphError` when the network's shapes do not fit.
  init(_ graph: Graph, binding sizes: [String: Int]) throws {
    self.graph = graph
    shapes = try graph.shapes(binding: sizes)
    for node in graph.nodes {
      guard let output = node.outputs.first else { continue }
      let result = propagate(node)
      if !result.isEmpty { labels[output] = result }
    }
    for output in graph.outputs {
      if isWeight(output.name) { noteUntracked(output.name) }
      pin(labels[output.name] ?? [:], "it is an output of the network ('\(output.name)')")
    }
    pinMisreadWeights()
  }

  func shape(_ value: String) -> [Int] { shapes[value] ?? [] }

  func isWeight(_ name: String) -> Bool { graph.weights[name] != nil }

  /// The atoms along an axis of a value, or nil when the axis carries none.
  func atoms(_ value: String, _ axis: Int) -> [Int]? { labels[value]?[axis] }

  /// The atoms along an axis, made for the occasion where it carries none: a weight's own, or pinned ones.
  mutating func requiredAtoms(_ value: String, _ axis: Int, joining node: Node) -> [Int] {
    if isWeight(value) { return face(value, axis, produces: true) }
    if let atoms = atoms(value, axis) { return atoms }
    let fresh = union.makeAtoms(shape(value)[axis])
    let isInput = graph.inputs.contains { $0.name == value }
    pin(
      fresh, "it is joined by '\(node.name)' to \(isInput ? "the network's input" : "") '\(value)', which stays whole")
    labels[value, default: [:]][axis] = fresh
    return fresh
  }

  /// The atoms of a weight's axis, made at the first reading; later readings (shared weights) get the same.
  mutating func face(_ weight: String, _ axis: Int, groups: Int = 1, produces: Bool) -> [Int] {
    let key = WeightFace(weight: weight, axis: axis, groups: groups)
    if produces { producingFaces.insert(key) } else { consumingFaces.insert(key) }
    if let atoms = faces[key] { return atoms }
    let atoms = union.makeAtoms(shape(weight)[axis] * groups)
    faces[key] = atoms
    faceOrder.append(key)
    return atoms
  }

  mutating func makeAtoms(_ count: Int) -> [Int] { union.makeAtoms(count) }

  mutating func unite(_ left: [Int], _ right: [Int]) { union.unite(left, right) }

  mutating func pin(_ atoms: [Int], _ reason: String) {
    if !atoms.isEmpty { pins.append(AtomPin(atoms: atoms, reason: reason)) }
  }

  mutating func pin(_ labels: [Int: [Int]], _ reason: String) {
    for axis in labels.keys.sorted() { pin(labels[axis] ?? [], reason) }
  }

  mutating func noteProducer(_ node: Node, _ atoms: [Int]) {
    producers.append((node.name, atoms))
  }

  mutating func noteCut(_ node: Node, _ atoms: [Int], blocks: Int) {
    let size = atoms.count / blocks
    cuts.append((node.name, (0..<blocks).map { Array(atoms[$0 * size..<($0 + 1) * size]) }))
  }

  /// A weight is read in a way in which its axes (all, unless named) cannot follow the channels that own it elsewhere.
  mutating func noteUntracked(_ weight: String, axis: Int? = nil) {
    untrackedAxes[weight, default: []].formUnion(axis.map { [$0] } ?? Array(shape(weight).indices))
  }

  /// Pins what owns a part of a weight that is elsewhere read whole, or under two different cuts.
  private mutating func pinMisreadWeights() {
    var cuts: [String: Set<Int>] = [:]
    for face in faceOrder {
      cuts["\(face.axis) \(face.weight)", default: []].insert(face.groups)
    }
    for face in faceOrder {
      if untrackedAxes[face.weight]?.contains(face.axis) == true {
        pin(faces[face] ?? [], "its weight '\(face.weight)' is shared with a node that needs it whole")
      }
      if (cuts["\(face.axis) \(face.weight)"]?.count ?? 0) > 1 {
        pin(faces[face] ?? [], "its weight '\(face.weight)' is read by convolutions of different groups")
      }
    }
  }

  /// Each set's smallest atom, for every atom.
  mutating func roots() -> [Int] {
    (0..<union.count).map { union.root(of: $0) }
  }
}
