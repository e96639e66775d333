import ModelGraph

/// An input and an output of a network that hold one state before and after a run, of a recurrent layer or a cache that grows: what
/// leaves one leaves the other.
package struct StatePair: Sendable, Hashable {
  package var input: String
  package var output: String

  package init(input: String, output: String) {
    self.input = input
    self.output = output
  }
}

extension StatePair {
  /// Where a state enters or leaves a recurrent node: its h or its c.
  private struct Port: Hashable {
    var node: Int
    var isCell: Bool
  }

  /// Inputs that recurrent nodes start from, each with the output of equal shape that holds what the same nodes end with, and caches
  /// with what they have grown to.
  static func detected(in graph: Graph, facts: [String: ValueFact], declared: [StatePair]) -> [StatePair] {
    var starts: [String: Set<Port>] = [:]
    var ends: [String: Set<Port>] = [:]
    var sources: [String: Set<String>] = [:]
    let inputs = Set(graph.inputs.map(\.name))
    for name in inputs { sources[name] = [name] }
    for (position, node) in graph.nodes.enumerated() {
      if case .recurrent = node.op {
        for (input, isCell) in [(5, false), (6, true)] where input < node.inputs.count {
          for source in sources[node.inputs[input]] ?? [] {
            starts[source, default: []].insert(Port(node: position, isCell: isCell))
          }
        }
        for (output, isCell) in [(1, false), (2, true)] where output < node.outputs.count {
          ends[node.outputs[output]] = [Port(node: position, isCell: isCell)]
        }
      } else if node.op.movesOnly {
        for output in node.outputs {
          sources[output] = node.inputs.reduce(into: Set()) { $0.formUnion(sources[$1] ?? []) }
          ends[output] = node.inputs.reduce(into: Set()) { $0.formUnion(ends[$1] ?? []) }
        }
      }
    }
    var taken = Set(declared.flatMap { [$0.input, $0.output] })
    var result = caches(in: graph, facts: facts, without: taken)
    taken.formUnion(result.flatMap { [$0.input, $0.output] })
    for input in graph.inputs where !taken.contains(input.name) {
      guard let ports = starts[input.name], !ports.isEmpty else { continue }
      let output = graph.outputs.first {
        !taken.contains($0.name) && ends[$0.name] == ports && facts[$0.name]?.shape == facts[input.name]?.shape
      }
      guard let output else { continue }
      taken.formUnion([input.name, output.name])
      result.append(StatePair(input: input.name, output: output.name))
    }
    return result
  }
}

extension Operator {
  /// It only moves entries of its inputs about, or adds something to them.
  fileprivate var movesOnly: Bool {
    switch self {
    case .elementwise(.add), .identity, .reshape, .squeeze, .unsqueeze, .transpose, .slice, .split, .concat, .gather,
      .flatten:
      true
    default: false
    }
  }
}

extension AtomPropagation {
  /// Channels of a state lie on its fixed axes.
  mutating func openStates(_ pairs: [StatePair]) {
    for pair in pairs {
      guard let info = graph.inputs.first(where: { $0.name == pair.input }) else { continue }
      let sizes = shape(pair.input)
      let positions = positionAxes(pair)
      let axes = info.shape.indices.filter { axis in
        guard case .fixed = info.shape[axis], !positions.contains(axis) else { return false }
        return axis == info.shape.count - 1 || sizes[axis] > 1
      }
      guard !axes.isEmpty else { continue }
      let atoms = union.makeAtoms(axes.reduce(1) { $0 * sizes[$1] })
      let label = AtomLabel(axes: axes, atoms: atoms)
      let node = Node(name: pair.input, op: .identity, inputs: [], outputs: [pair.input])
      set(pair.input, [label], node)
    }
  }

  /// Axes along which a state holds samples or positions, and no channels: the batch of a recurrent layer, and where a cache grows or gets
  /// what is new. What is put behind the last axis of a state of equal size is no position: there, channels lie.
  private func positionAxes(_ pair: StatePair) -> Set<Int> {
    let (before, after) = (shape(pair.input), shape(pair.output))
    var axes = Set<Int>()
    for value in [pair.input] + graph.copies(of: pair.input, consumers) {
      for reader in consumers[value] ?? [] {
        switch graph.nodes[reader].op {
        case .concat(let axis), .tensorScatter(let axis, _): axes.insert(normalized(axis, before.count))
        case .recurrent(let recurrent): axes.insert(recurrent.batchFirst ? 0 : 1)
        case .attention: axes.formUnion([0, 2])
        default: break
        }
      }
    }
    axes.remove(before.count - 1)
    if before.count == after.count { axes.formUnion(before.indices.filter { before[$0] != after[$0] }) }
    return axes
  }

  /// What comes out of a run goes into the next one.
  mutating func closeStates(_ pairs: [StatePair]) {
    for pair in pairs {
      guard let before = labels[pair.input]?.first else { continue }
      let (sizes, grown) = (shape(pair.input), shape(pair.output))
      let own = labels[pair.output] ?? []
      guard own.count == 1, let after = own.first, !Set(after.axes).isDisjoint(with: before.axes),
        sizes.count == grown.count, Set(before.axes).union(after.axes).allSatisfy({ sizes[$0] == grown[$0] })
      else {
        pin(before.atoms, "'\(pair.output)' does not hold what '\(pair.input)' holds")
        pin(own, "'\(pair.output)' does not hold what '\(pair.input)' holds")
        continue
      }
      let axes = Set(before.axes).union(after.axes).sorted()
      let over = axes.map { sizes[$0] }
      func whole(_ label: AtomLabel) -> [Int] {
        AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
          .spread(over: over, at: label.axes.compactMap { axes.firstIndex(of: $0) }).atoms
      }
      unite(whole(before), whole(after))
    }
  }
}
