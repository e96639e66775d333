import ModelGraph
import Support

/// One small network of the zoo with the groups that were worked out for it by hand.
package struct Topology: Sendable, CustomStringConvertible {
  package var graph: Graph
  /// What can be pruned, in order: name, producing layers, number of units.
  package var groups: [ExpectedGroup]
  /// Names of the pinned groups, in order.
  package var pinned: [String]

  package var description: String { graph.name }

  /// The shape of a batch for the network's only input.
  package func inputShape(batch: Int) -> [Int] {
    graph.inputs[0].shape.map { dimension in
      switch dimension {
      case .fixed(let size): size
      case .symbolic: batch
      }
    }
  }
}

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

/// Small networks, one for every way in which layers can be tied, for all suites that prune.
package enum TopologyZoo {
  /// Every network, with random weights and random normalisation statistics. Throws when a constructor is wrong.
  package static func all() throws -> [Topology] {
    try plainFamily() + residualFamily() + joiningFamily() + groupedFamily()
  }

  /// A network for `[N, 3, 8, 8]` ending in global pooling and a linear layer "fc" to 4 classes, which is pinned.
  static func network(
    _ name: String, features: Int, groups: [ExpectedGroup], pinned: [String] = [],
    batch: Dimension = .symbolic("batch"),
    _ body: (inout GraphBuilder, String) -> String
  ) throws -> Topology {
    var builder = GraphBuilder(name, seed: 11)
    let input = builder.input("input", [batch, .fixed(3), .fixed(8), .fixed(8)])
    var x = body(&builder, input)
    x = builder.node("gap", .globalAveragePool, x)
    x = builder.node("flat", .flatten(axis: 1), x)
    x = builder.linear("fc", x, inputs: features, outputs: 4)
    let graph = try builder.finished(output: x, shape: [batch, .fixed(4)])
    return Topology(graph: randomized(graph, seed: 5), groups: groups, pinned: pinned + ["fc"])
  }

  /// The network with normalisation scales, shifts and statistics drawn at random, so that none of them is neutral.
  package static func randomized(_ graph: Graph, seed: UInt64) -> Graph {
    var graph = graph
    for node in graph.nodes {
      guard case .batchNormalization = node.op else { continue }
      let ranges: [ClosedRange<Double>] = [0.5...1.5, -0.5...0.5, -0.5...0.5, 0.5...1.5]
      for (name, range) in zip(node.inputs.dropFirst(), ranges) {
        guard let tensor = graph.weights[name] else { continue }
        var generator = SeededGenerator(seed: seed, stream: name)
        let values = (0..<tensor.elementCount).map { _ in
          Float(range.lowerBound + generator.uniform() * (range.upperBound - range.lowerBound))
        }
        graph.weights[name] = TensorData(shape: tensor.shape, floats: values)
      }
    }
    return graph
  }
}

extension GraphBuilder {
  /// Convolution "name" (3 x 3 unless told), normalisation "name.bn" and ReLU.
  package mutating func unit(
    _ name: String, _ x: String, inputs: Int, outputs: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1,
    activates: Bool = true
  ) -> String {
    let y = convolution(
      name, x, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, padding: kernel / 2, groups: groups)
    let z = batchNormalization("\(name).bn", y, channels: outputs)
    return activates ? relu("\(name).relu", z) : z
  }

  package mutating func concat(_ name: String, _ inputs: [String], axis: Int = 1) -> String {
    guard inputs.count > 1 else { return inputs[0] }
    // Appending node by node keeps to the builder's two-operand form.
    var x = inputs[0]
    for (position, other) in inputs.dropFirst().enumerated() {
      x = node(position == inputs.count - 2 ? name : "\(name).\(position)", .concat(axis: axis), x, other)
    }
    return x
  }

  /// Channels `range` (with a step) of `[N, C, ...]`.
  package mutating func channels(_ name: String, _ x: String, _ range: Range<Int>, step: Int = 1) -> String {
    node(
      name, .slice(Slice(axes: [1], starts: [range.lowerBound], ends: [range.upperBound], steps: [step])), x)
  }

  package mutating func constant(_ name: String, _ shape: [Int], seed: UInt64 = 3) -> String {
    weight(name, ReferenceTensor.random(shape: shape, seed: seed, stream: name).tensorData)
  }
}
