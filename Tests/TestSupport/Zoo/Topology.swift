import ModelGraph
import Support

/// One small network of the zoo with the groups that were worked out for it by hand.
package struct Topology: Sendable, CustomStringConvertible {
  package var graph: Graph
  /// What can be pruned, in order: name, producing layers, number of units.
  package var groups: [ExpectedGroup]
  /// Names of the pinned groups, in order.
  package var pinned: [String]
  /// Recurrent states that go in and come out, and shrink together.
  package var statePairs: [StatePair]
  /// Inputs of whole numbers are indices below this.
  package var vocabulary: Int

  package init(
    graph: Graph, groups: [ExpectedGroup], pinned: [String], statePairs: [StatePair] = [], vocabulary: Int = 0
  ) {
    self.graph = graph
    self.groups = groups
    self.pinned = pinned
    self.statePairs = statePairs
    self.vocabulary = vocabulary
  }

  package struct StatePair: Sendable, Hashable {
    package var input: String
    package var output: String

    package init(_ input: String, _ output: String) {
      self.input = input
      self.output = output
    }
  }

  package var description: String { graph.name }

  /// The shape of a batch for the network's first input; every symbolic axis has that size.
  package func inputShape(batch: Int) -> [Int] {
    shape(of: graph.inputs[0], batch: batch, time: batch)
  }

  /// Random inputs for the network, or for one made from it: numbers in -1..<1, indices below the vocabulary, states of zeros.
  package func inputs(
    for graph: Graph? = nil, batch: Int = 2, time: Int = 3, seed: UInt64 = 1
  ) -> [String: ReferenceTensor] {
    let states = Set(statePairs.map(\.input))
    var result: [String: ReferenceTensor] = [:]
    for input in (graph ?? self.graph).inputs {
      let shape = shape(of: input, batch: batch, time: time)
      var tensor = ReferenceTensor.random(shape: shape, seed: seed, stream: input.name)
      if input.elementType != .float32 {
        tensor.values = tensor.values.map { ((($0 + 1) / 2) * Double(vocabulary)).rounded(.down) }
        tensor.isInteger = true
      }
      result[input.name] = states.contains(input.name) ? .zeros(shape) : tensor
    }
    return result
  }

  /// What the network, or one made from it, computes for random inputs: all outputs that are not states, in order. With states,
  /// for three steps in a row, each starting from the states of the one before.
  package func outputs(
    of graph: Graph? = nil, batch: Int = 2, time: Int = 3, seed: UInt64 = 1
  ) throws -> [ReferenceTensor] {
    let network = graph ?? self.graph
    let states = Dictionary(uniqueKeysWithValues: statePairs.map { ($0.output, $0.input) })
    var carried: [String: ReferenceTensor] = [:]
    var results: [ReferenceTensor] = []
    for step in 0..<(statePairs.isEmpty ? 1 : 3) {
      let fresh = inputs(for: network, batch: batch, time: time, seed: seed &+ UInt64(step))
      let outputs = try ReferenceExecutor.outputs(of: network, inputs: fresh.merging(carried) { $1 })
      for output in network.outputs {
        guard let value = outputs[output.name] else { continue }
        if let state = states[output.name] { carried[state] = value } else { results.append(value) }
      }
    }
    return results
  }

  private func shape(of input: ValueInfo, batch: Int, time: Int) -> [Int] {
    input.shape.map { dimension in
      switch dimension {
      case .fixed(let size): size
      case .symbolic(let name): name == "batch" ? batch : time
      }
    }
  }
}

/// A group as it should come out.
package struct ExpectedGroup: Sendable, Hashable {
  package var name: String
  package var layers: [String]
  package var units: Int
  /// Blocks of equal count; 0 for a group without.
  package var blocks: Int
  package var floors: [[Int]]

  package init(_ layers: [String], _ units: Int, name: String? = nil, blocks: Int = 0, floors: [[Int]] = []) {
    self.name = name ?? layers[0]
    self.layers = layers
    self.units = units
    self.blocks = blocks
    self.floors = floors
  }
}
