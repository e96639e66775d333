import ModelGraph
import TestSupport
import Testing

/// Gathers of single numbers by positions that make a grid, as PyTorch's newer exporter writes strided views.
@Suite struct StridedViewTests {
  /// A convolution to `[N, 6, size, size]`, of each sample of which a view is taken, and a ReLU.
  struct View: CustomTestStringConvertible {
    var name: String
    var sizes: [Int]
    var strides: [Int]
    var offset = 0
    var size = 4
    /// Operators between the convolution and the ReLU.
    var expected: [String]
    var testDescription: String { name }

    func graph() throws -> Graph {
      var builder = GraphBuilder(name, seed: 4)
      let input = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(size), .fixed(size)])
      let x = builder.convolution("conv", input, inputs: 3, outputs: 6, kernel: 1)
      let count = builder.squeeze("count", builder.node("batch", .shape(start: 0, end: 1), input), axes: [0])
      let (zero, one) = (builder.integer("zero", 0), builder.integer("one", 1))
      let samples = builder.multiply(
        "starts", builder.node("samples", .range, zero, count, one), builder.integer("stride", 6 * size * size))
      var positions = [offset]
      for (size, stride) in zip(sizes, strides) {
        positions = positions.flatMap { start in (0..<size).map { start + $0 * stride } }
      }
      let grid = builder.weight("grid", TensorData(shape: [1] + sizes, integers: positions.map(Int64.init)))
      let apart = builder.unsqueeze("apart", samples, axes: Array(1...sizes.count))
      let places = builder.add("places", apart, grid)
      let y = builder.node("view", .gather(axis: 0), builder.reshape("flat", x, [-1]), places)
      let z = builder.relu("relu", y)
      return try builder.finished(output: z, shape: [.symbolic("batch")] + sizes.map { .fixed($0) })
    }
  }

  static let views: [View] = [
    View(name: "whole", sizes: [6, 4, 4], strides: [16, 4, 1], expected: []),
    View(name: "more than inference holds", sizes: [6, 20, 20], strides: [400, 20, 1], size: 20, expected: []),
    View(name: "other axes", sizes: [6, 16, 1], strides: [16, 1, 1], expected: ["Reshape"]),
    View(name: "turned", sizes: [4, 4, 6], strides: [4, 1, 16], expected: ["Transpose"]),
    View(name: "some channels", sizes: [3, 4, 4], strides: [16, 4, 1], offset: 32, expected: ["Slice"]),
    View(name: "one channel", sizes: [4, 4], strides: [4, 1], offset: 80, expected: ["Reshape", "Slice"]),
    View(
      name: "every second row and column", sizes: [6, 2, 2], strides: [16, 8, 2],
      expected: ["Reshape", "Slice", "Reshape"]),
    View(
      name: "turned and cut", sizes: [4, 2, 6], strides: [4, 1, 16], offset: 2, expected: ["Slice", "Transpose"]),
    View(name: "overlapping", sizes: [6, 4, 3, 2], strides: [16, 4, 1, 1], expected: ["Gather"]),
    View(name: "repeated", sizes: [6, 4, 2], strides: [16, 4, 0], expected: ["Gather"]),
    View(name: "across rows", sizes: [6, 4, 4], strides: [16, 4, 1], offset: 2, size: 5, expected: ["Gather"]),
    View(name: "diagonal", sizes: [6, 4], strides: [16, 5], expected: ["Gather"]),
  ]

  @Test(arguments: views) func becomesWhatItIs(_ view: View) throws {
    let graph = try view.graph()
    let canonical = try graph.canonical()
    let operators = canonical.nodes.map(\.op.onnxName)
    if view.expected == ["Gather"] {
      #expect(operators.contains("Gather"))
    } else {
      #expect(operators == ["Conv"] + view.expected + ["Relu"])
    }
    try canonical.validate()
    #expect(try canonical.canonical() == canonical)
    for batch in [1, 4] {
      let x = ReferenceTensor.random(shape: [batch, 3, view.size, view.size], seed: 5)
      let (one, two) = try (
        ReferenceExecutor.output(of: graph, input: x), ReferenceExecutor.output(of: canonical, input: x)
      )
      #expect(one.shape == two.shape)
      #expect(one.largestDifference(from: two) == 0)
    }
  }

  /// A grid of positions, but another one for each size of the batch.
  @Test func whatDependsOnTheBatchStays() throws {
    var builder = GraphBuilder("turn", seed: 4)
    let input = builder.input("input", [.symbolic("batch"), .fixed(4)])
    let x = builder.relu("relu", input)
    let count = builder.squeeze("count", builder.node("batch", .shape(start: 0, end: 1), input), axes: [0])
    let (zero, one) = (builder.integer("zero", 0), builder.integer("one", 1))
    let samples = builder.node("samples", .range, zero, count, one)
    // The square of the sample's number: whole for two samples, beyond the end for three.
    let places = builder.add(
      "places", builder.unsqueeze("apart", builder.multiply("squares", samples, samples), axes: [1]),
      builder.weight("columns", TensorData(shape: [1, 4], integers: [0, 1, 2, 3])))
    let y = builder.node("view", .gather(axis: 0), builder.reshape("flat", x, [-1]), places)
    let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(4)])
    #expect(try graph.canonical().nodes.contains { $0.op == .gather(axis: 0) })
  }

  @Test func rowsAreGatheredByOneIndex() throws {
    var builder = GraphBuilder("rows", seed: 4)
    let x = builder.relu("relu", builder.input("input", [.fixed(5), .fixed(2)]))
    let rows = builder.weight("rows", TensorData(shape: [2, 3, 1], integers: [4, 0, 1, 1, -1, 3]))
    var y = builder.node("pick", .gatherND(batchAxes: 0), x, rows)
    y = builder.gather("same", y, at: [0, 1], axis: 0)
    y = builder.gather("other", y, at: [1, 0], axis: -1)
    let graph = try builder.finished(output: y, shape: [.fixed(2), .fixed(3), .fixed(2)])
    let canonical = try graph.canonical(makesBatchDynamic: false)
    #expect(canonical.nodes.map(\.name) == ["relu", "pick", "other"])
    #expect(canonical.nodes[1].op == .gather(axis: 0))
    let input = ReferenceTensor.random(shape: [5, 2], seed: 5)
    let output = try ReferenceExecutor.output(of: canonical, input: input)
    for (place, row) in [4, 0, 1, 1, 4, 3].enumerated() {
      for column in 0..<2 { #expect(output.values[place * 2 + column] == max(0, input.values[row * 2 + 1 - column])) }
    }
  }
}

extension GraphBuilder {
  /// A constant without axes.
  fileprivate mutating func integer(_ name: String, _ value: Int) -> String {
    weight(name, TensorData(shape: [], integers: [Int64(value)]))
  }
}
