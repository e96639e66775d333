import Foundation
import ModelFormats
import ModelGraph
import TestSupport
import Testing

/// What is written is read back as it was.
@Suite struct ONNXRoundTripTests {
  @Test(arguments: ["fashion-cnn", "resnet20", "resnet56"]) func builtins(_ name: String) throws {
    var graph = try BuiltinNetworks.graph(named: name)
    graph.metadata = ["plan": "{\"criterion\":\"l1\"}", "source": "built in"]
    graph.opset = 18
    let bytes = try ONNXFile.encode(graph)
    #expect(try ONNXFile.decode(bytes) == graph)
    #expect(try ONNXFile.encode(ONNXFile.decode(bytes)) == bytes)
  }

  /// Every operator, with each attribute away from its default. The shapes are open and mean nothing here.
  @Test(arguments: Operator.catalogue) func everyAttribute(_ op: Operator) throws {
    var op = op
    var coder = AttributeChanger()
    try op.codeAttributes(with: &coder)
    let open: [ModelGraph.Dimension] = [.symbolic("n"), .symbolic("c"), .symbolic("h"), .symbolic("w")]
    var graph = Graph(
      name: "one", inputs: [ValueInfo(name: "x", shape: open)], outputs: [ValueInfo(name: "y", shape: open)],
      nodes: [Node(name: "node", op: op, inputs: ["x"], outputs: ["y", "second", "third"])], weights: [:], opset: 28)
    let bytes = try ONNXFile.encode(graph)
    let read = try ONNXFile.decode(bytes, precision: .asWritten)
    // Inference knows the type where it gets that far.
    graph.outputs[0] = try #require(read.outputs.first)
    #expect(read == graph)
  }

  @Test(arguments: [(7, 18), (13, 18), (18, 18), (21, 21), (28, 28)])
  func everyLayer(_ opset: Int, _ written: Int) throws {
    var graph = try Self.everything(opset: opset)
    #expect(try ONNXFile.exportedOpset(of: graph) == written)
    let read = try ONNXFile.decode(try ONNXFile.encode(graph))
    graph.opset = written
    #expect(read == graph)
  }

  /// An operator that came later raises the operator set, and so does an attribute that did.
  @Test func theOperatorSetFollowsTheOperators() throws {
    func opset(_ op: Operator) throws -> Int {
      var builder = GraphBuilder("one")
      let x = builder.input("x", [.fixed(1), .fixed(4), .fixed(8), .fixed(8)])
      let y = builder.node("node", op, x)
      let graph = try builder.finished(output: y, shape: [.fixed(1), .fixed(4), .fixed(8), .fixed(8)])
      return try ONNXFile.exportedOpset(of: graph)
    }
    #expect(try opset(.activation(.relu)) == 18)
    #expect(try opset(.activation(.gelu(approximated: true))) == 20)
    #expect(try opset(.activation(.swish(alpha: 1))) == 24)
    #expect(try opset(.averagePool(Pooling(kernel: [1, 1]))) == 18)
    #expect(try opset(.averagePool(Pooling(kernel: [1, 1], dilations: [1, 1]))) == 19)
    #expect(try opset(.cast(Cast(to: .float16))) == 18)
    #expect(try opset(.cast(Cast(to: .float16, rounding: .down))) == 24)
  }

  /// What was imported from any form survives being written in ours.
  @Test(arguments: try Golden.networkNames()) func imported(_ name: String) throws {
    guard var graph = try? Golden.network(name) else {
      #expect(ONNXImportTests.refusals.contains { $0.file == name }, "\(name) should be read")
      return
    }
    let again = try ONNXFile.decode(try ONNXFile.encode(graph), precision: .asWritten)
    graph.opset = try ONNXFile.exportedOpset(of: graph)
    #expect(again == graph)
  }

  @Test func theZoo() throws {
    for entry in try TopologyZoo.all() {
      var graph = entry.graph
      let again = try ONNXFile.decode(try ONNXFile.encode(graph))
      graph.opset = try ONNXFile.exportedOpset(of: graph)
      #expect(again == graph, "\(entry.graph.name)")
    }
  }

  @Test func refusesWhatDoesNotValidate() throws {
    var graph = try Self.everything(opset: 17)
    graph.nodes[3].inputs[0] = "nowhere"
    #expect(throws: GraphError.self) { try ONNXFile.encode(graph) }
  }

  /// A network of many kinds of layers, with attributes away from their defaults.
  static func everything(opset: Int) throws -> Graph {
    var builder = GraphBuilder("everything", seed: 3)
    var x = builder.input("x", [.symbolic("batch"), .fixed(4), .fixed(16), .fixed(16)])
    let kernel = builder.weight("conv.weight", .filled([8, 2, 3, 3], with: 0.25))
    let bias = builder.weight("conv.bias", .filled([8], with: -1))
    x = builder.node(
      "conv",
      .convolution(
        Convolution(
          kernel: [3, 3], strides: [1, 2], padding: Padding(top: 1, left: 2, bottom: 3, right: 0), dilations: [2, 1],
          groups: 2)), x, kernel, bias)
    x = builder.batchNormalization("bn", x, channels: 8, epsilon: 1e-4)
    x = builder.node("leaky", .activation(.leakyRelu(slope: 0.01)), x)
    x = builder.clip("clip", x, minimum: -0.3, maximum: nil)
    x = builder.clip("six", x, minimum: 0, maximum: 6)
    x = builder.node("sigmoid", .activation(.sigmoid), x)
    x = builder.node("tanh", .activation(.tanh), x)
    x = builder.node(
      "max", .maxPool(Pooling(kernel: [3, 2], strides: [2, 1], padding: Padding(top: 1, right: 1), ceilMode: true)), x)
    x = builder.node(
      "average",
      .averagePool(Pooling(kernel: [2, 2], strides: [1, 1], padding: Padding(all: 1), countsPadding: true)), x)
    let sum = builder.node("add", .elementwise(.add), x, x)
    let difference = builder.node("subtract", .elementwise(.subtract), sum, x)
    x = builder.node("multiply", .elementwise(.multiply), difference, sum)
    x = builder.node("concat", .concat(axis: 1), x, x)
    x = builder.slice("slice", x, axes: [-1, 1], starts: [0, 1], ends: [-1, 9], steps: [1, 2])
    x = builder.pad("pad", x, before: [0, 1, 0, 2], after: [0, 0, 3, 0], value: 0.75)
    x = builder.node("identity", .identity, x)
    let pooled = builder.node("pool", .globalAveragePool, x)
    let mean = builder.reduceMean("mean", x, axes: [2, 3], keepsAxes: true)
    x = builder.node("both", .concat(axis: -3), pooled, mean)
    let parts = builder.node("parts", .split(axis: 1), inputs: [x], outputs: ["a", "b"])
    x = builder.node("joined", .concat(axis: 1), inputs: parts)
    x = builder.flatten("flatten", x)
    x = builder.dropout("dropout", x, ratio: 0.1)
    let matrix = builder.weight("matrix", .filled([10, 3], with: 0.5))
    x = builder.node("gemm", .gemm(Gemm(alpha: 0.5, beta: 3, transposesB: false)), x, matrix)
    x = builder.node("softmax", .softmax(axis: -1), x)
    var graph = try builder.finished(output: x, as: "y", shape: [.symbolic("batch"), .fixed(3)])
    graph.opset = opset
    graph.metadata = ["b": "2", "a": "1"]
    return graph
  }
}

/// Puts another value in the place of every attribute.
private struct AttributeChanger: AttributeCoder {
  mutating func integer(_ name: String, _ value: inout Int, default: Int?) throws { value += 3 }
  mutating func optionalInteger(_ name: String, _ value: inout Int?) throws { value = 7 }
  mutating func flag(_ name: String, _ value: inout Bool, default: Bool) throws { value.toggle() }
  mutating func decimal(_ name: String, _ value: inout Double, default: Double) throws { value = 0.375 }
  mutating func optionalDecimal(_ name: String, _ value: inout Double?) throws { value = 0.1 }
  mutating func integers(_ name: String, _ value: inout [Int]) throws { value = [2, 1, 3, 5] }
  mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) throws { value = [1, -2] }
  mutating func decimals(_ name: String, _ value: inout [Double]) throws { value = [0.2, 3] }
  mutating func text(_ name: String, _ value: inout String) throws { if value.isEmpty { value = "ij,jk->ik" } }
  mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default: Word) throws {
    value = Word.allCases.first { $0 != `default` } ?? value
  }
  mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) throws {
    value = Array(Word.allCases)
  }
  mutating func elementType(_ name: String, _ value: inout ElementType?) throws { value = .int16 }
  mutating func tensor(_ name: String, _ value: inout TensorData?) throws {
    value = TensorData(shape: [1], integers: [5])
  }
  mutating func ignored(_ name: String) throws {}
}
