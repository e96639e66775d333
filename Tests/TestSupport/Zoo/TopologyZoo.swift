import ModelGraph
import Support

/// Small networks, one for every way in which layers can be tied, for all suites that prune.
package enum TopologyZoo {
  /// Every network, with random weights and random normalisation statistics. Throws when a constructor is wrong.
  package static func all() throws -> [Topology] {
    try plainFamily() + residualFamily() + joiningFamily() + groupedFamily() + reindexingFamily()
      + shufflingFamily() + normalizingFamily() + attentionFamily() + transformerFamily() + recurrentFamily()
      + windowFamily() + groupNormalizingFamily() + fillingFamily() + pieceFamily() + cacheFamily()
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

  /// A network for `[N, time, 6]`: "embed" to 8 features, the body, a mean over time and a layer "fc" to 4 classes, which is
  /// pinned.
  static func sequence(
    _ name: String, features: Int = 8, time: Dimension = .symbolic("time"), groups: [ExpectedGroup],
    pinned: [String] = [], _ body: (inout GraphBuilder, String) -> String
  ) throws -> Topology {
    var builder = GraphBuilder(name, seed: 11)
    let input = builder.input("input", [.symbolic("batch"), time, .fixed(6)])
    var x = body(&builder, builder.matrix("embed", input, inputs: 6, outputs: 8))
    x = builder.reduceMean("mean", x, axes: [1], keepsAxes: false)
    x = builder.linear("fc", x, inputs: features, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(graph: randomized(graph, seed: 5), groups: groups, pinned: pinned + ["fc"])
  }

  /// The network with normalisation scales, shifts and statistics drawn at random, so that none of them is neutral.
  package static func randomized(_ graph: Graph, seed: UInt64) -> Graph {
    var graph = graph
    for node in graph.nodes {
      switch node.op {
      case .batchNormalization, .instanceNormalization, .layerNormalization, .rmsNormalization, .groupNormalization:
        break
      default: continue
      }
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

  /// Channels `range` (with a step) of `[N, C, ...]`.
  package mutating func channels(_ name: String, _ x: String, _ range: Range<Int>, step: Int = 1) -> String {
    slice(name, x, axes: [1], starts: [range.lowerBound], ends: [range.upperBound], steps: step == 1 ? nil : [step])
  }

  /// `[..., inputs]` to `[..., outputs]`: a product with a weight `[inputs, outputs]` and a bias "name.bias" added, as exporters
  /// write linear layers.
  package mutating func matrix(
    _ name: String, _ x: String, inputs: Int, outputs: Int, bias: Bool = true
  ) -> String {
    let y = product(name, x, uniformWeight("\(name).weight", [inputs, outputs], fanIn: inputs))
    return bias ? add("\(name).shift", uniformWeight("\(name).bias", [outputs], fanIn: inputs), y) : y
  }

  package mutating func constant(_ name: String, _ shape: [Int], seed: UInt64 = 3) -> String {
    weight(name, ReferenceTensor.random(shape: shape, seed: seed, stream: name).tensorData)
  }
}
