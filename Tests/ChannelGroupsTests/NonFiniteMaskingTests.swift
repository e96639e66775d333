import ChannelGroups
import Foundation
import ModelGraph
import TestSupport
import Testing

/// Masked and compacted networks compute the same where a channel that left held what is not finite.
@Suite struct NonFiniteMaskingTests {
  private static let keeping = [0, 2, 3, 4]

  /// Four channels of six stay; channel 1 or 5 holds what is not finite.
  private func check(
    _ graph: Graph, _ group: String, input: ReferenceTensor, sourceLocation: SourceLocation = #_sourceLocation
  )
    throws
  {
    let analysis = try ChannelAnalysis(graph)
    let keeping = [group: Self.keeping]
    let dense = try ReferenceExecutor.output(of: graph, input: input)
    #expect(dense.values.contains { !$0.isFinite }, "nothing was hidden", sourceLocation: sourceLocation)
    let small = try ReferenceExecutor.output(of: analysis.compacted(graph, keeping: keeping), input: input)
    let large = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: keeping), input: input)
    #expect(small.values.allSatisfy { $0.isFinite }, sourceLocation: sourceLocation)
    #expect(large.values.allSatisfy { $0.isFinite }, sourceLocation: sourceLocation)
    #expect(small.largestDifference(from: large) < 1e-9, sourceLocation: sourceLocation)
  }

  /// A convolution to six channels, what `middle` makes of them, and a convolution of these.
  private func convolutions(_ middle: (inout GraphBuilder, String) -> String) throws -> Graph {
    var builder = GraphBuilder("hidden", seed: 5)
    let input = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(4)])
    let x = builder.convolution("first", input, inputs: 3, outputs: 6, kernel: 1, bias: true)
    let y = builder.convolution("last", middle(&builder, x), inputs: 6, outputs: 2, kernel: 1)
    return try builder.finished(
      output: y, shape: [.symbolic("batch"), .fixed(2), .fixed(4), .fixed(4)])
  }

  private let image = ReferenceTensor.random(shape: [2, 3, 4, 4], seed: 1)

  private func setting(_ graph: Graph, _ weight: String, _ place: Int, to value: Float) throws -> Graph {
    var result = graph
    let old = try #require(graph.weights[weight])
    var floats = old.floats
    floats[place] = value
    result.weights[weight] = TensorData(shape: old.shape, floats: floats)
    return result
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 3e38]) func biasesAndWeightsOfProducers(_ value: Float) throws {
    let graph = try convolutions { builder, x in builder.add("twice", x, x) }
    for (weight, place) in [("first.bias", 5), ("first.bias", 1), ("first.weight", 3 * 5 + 1)] where !value.isFinite {
      try check(setting(graph, weight, place, to: value), "first", input: image)
    }
    // Two large numbers are infinite together in float32, of which the reference knows nothing: they have to be gone.
    let large = try setting(graph, "first.bias", 5, to: value)
    let masked = try ChannelAnalysis(large).masked(large, keeping: ["first": Self.keeping])
    #expect(masked.weights["first.bias"]?.floats[5] == 0)
    #expect(masked.weights["first.bias"]?.floats[1] == large.weights["first.bias"]?.floats[1])
  }

  @Test(arguments: [("bn.weight", Float.nan), ("bn.bias", .infinity), ("bn.running_var", .nan), ("bn.running_var", -1)])
  func normalisations(_ weight: String, _ value: Float) throws {
    let graph = try convolutions { builder, x in builder.batchNormalization("bn", x, channels: 6) }
    try check(setting(graph, weight, 5, to: value), "first", input: image)
  }

  /// Each makes NaN or infinity of what its channel 5 holds.
  @Test(arguments: [UnaryFunction.logarithm, .squareRoot, .reciprocal]) func functions(_ function: UnaryFunction) throws
  {
    let graph = try convolutions { builder, x in
      // No negative numbers and no zeros but in channel 5.
      let shifted = builder.add("shifted", builder.relu("relu", x), builder.weight("shift", Self.shift(function)))
      return builder.node("function", .unary(function), shifted)
    }
    try check(graph, "first", input: image)
  }

  private static func shift(_ function: UnaryFunction) -> TensorData {
    // The reciprocal of what ReLU made zero, the others of what is below zero.
    let last: Float = function == .reciprocal ? 0 : -100
    return TensorData(shape: [6, 1, 1], floats: [1, 1, 1, 1, 1, last])
  }

  /// Sums, means, norms and a softmax over the channels, and a product of two computed matrices.
  @Test(arguments: ["sum", "mean", "maximum", "softmax", "normalisation", "product"])
  func acrossChannels(_ name: String) throws {
    var builder = GraphBuilder(name, seed: 6)
    let input = builder.input("input", [.fixed(3), .fixed(4)])
    let x = builder.linear("first", input, inputs: 4, outputs: 6)
    let y: String
    switch name {
    case "sum": y = builder.reduce("over", x, .sum, axes: [1], keepsAxes: true)
    case "mean": y = builder.reduce("over", x, .mean, axes: [1], keepsAxes: true)
    case "maximum": y = builder.reduce("over", x, .maximum, axes: [1], keepsAxes: true)
    case "softmax": y = builder.linear("last", builder.node("over", .softmax(axis: -1), x), inputs: 6, outputs: 2)
    case "normalisation":
      let over = builder.node(
        "over", .layerNormalization(AxisNormalization()), x, builder.weight("scale", .filled([6], with: 1)))
      y = builder.linear("last", over, inputs: 6, outputs: 2)
    default:
      // NaN only behind a root, so that neither factor's weights are to blame.
      let root = builder.node("root", .unary(.squareRoot), x)
      y = builder.node("over", .matrixProduct, root, builder.transpose("turned", root, [1, 0]))
    }
    let width = ["softmax": 2, "normalisation": 2, "product": 3][name] ?? 1
    var graph = try builder.finished(output: y, shape: [.fixed(3), .fixed(width)])
    if name == "product" {
      graph.weights["first.bias"] = TensorData(shape: [6], floats: [50, 50, 50, 50, 50, -50])
    } else {
      graph = try setting(graph, "first.bias", 5, to: .infinity)
    }
    try check(graph, "first", input: ReferenceTensor.random(shape: [3, 4], seed: 2))
  }

  @Test func recurrentUnits() throws {
    var builder = GraphBuilder("recurrent", seed: 7)
    let input = builder.input("input", [.fixed(4), .fixed(1), .fixed(3)])
    let h = builder.recurrent("lstm", input, .lstm, inputs: 3, hidden: 6).sequence
    let y = builder.projection("last", builder.squeeze("flat", h, axes: [1]), inputs: 6, outputs: 2)
    let graph = try builder.finished(output: y, shape: [.fixed(4), .fixed(1), .fixed(2)])
    try check(
      setting(graph, "lstm.B", 5, to: .nan), "lstm", input: ReferenceTensor.random(shape: [4, 1, 3], seed: 3))
  }

  /// A whole branch that leaves.
  @Test func branches() throws {
    var builder = GraphBuilder("branches", seed: 8)
    let input = builder.input("input", [.fixed(1), .fixed(3), .fixed(2), .fixed(2)])
    let x = builder.convolution("first", input, inputs: 3, outputs: 4, kernel: 1)
    let branch = builder.convolution("inner", builder.relu("relu", x), inputs: 4, outputs: 4, kernel: 1, bias: true)
    let sum = builder.add("add", x, branch)
    let y = builder.convolution("last", sum, inputs: 4, outputs: 2, kernel: 1)
    let dense = try builder.finished(output: y, shape: [.fixed(1), .fixed(2), .fixed(2), .fixed(2)])
    let graph = try setting(dense, "inner.bias", 1, to: .infinity)
    let analysis = try ResidualBranches(graph)
    #expect(analysis.groups.first?.units.map(\.name) == ["add"])
    let data = ReferenceTensor.random(shape: [1, 3, 2, 2], seed: 4)
    let small = try ReferenceExecutor.output(of: analysis.compacted(graph, keeping: ["layers": []]), input: data)
    let large = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: ["layers": []]), input: data)
    #expect(large.values.allSatisfy(\.isFinite) && small.largestDifference(from: large) < 1e-9)
  }
}
