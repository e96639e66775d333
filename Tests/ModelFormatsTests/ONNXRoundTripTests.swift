import Foundation
import ModelFormats
import ModelGraph
import Testing

/// What is written is read back as it was.
@Suite struct ONNXRoundTripTests {
  @Test(arguments: ["fashion-cnn", "resnet20", "resnet56"]) func builtins(_ name: String) throws {
    var graph = try BuiltinNetworks.graph(named: name)
    graph.metadata = ["plan": "{\"criterion\":\"l1\"}", "source": "built in"]
    let bytes = try ONNXFile.encode(graph)
    #expect(try ONNXFile.decode(bytes) == graph)
    #expect(try ONNXFile.encode(ONNXFile.decode(bytes)) == bytes)
  }

  @Test(arguments: 13...20) func everyOperator(_ opset: Int) throws {
    let graph = try Self.everything(opset: opset)
    #expect(try ONNXFile.decode(try ONNXFile.encode(graph)) == graph)
  }

  @Test(arguments: [(7, 13), (12, 13), (17, 17), (21, 20)]) func operatorSetsStayWithinWhatWeWrite(
    _ from: Int, _ to: Int
  )
    throws
  {
    var graph = try Self.everything(opset: from)
    let read = try ONNXFile.decode(try ONNXFile.encode(graph))
    graph.opset = to
    #expect(read == graph)
  }

  /// What was imported from any form survives being written in ours.
  @Test(arguments: try Golden.networkNames()) func imported(_ name: String) throws {
    guard var graph = try? Golden.network(name) else { return }
    let again = try ONNXFile.decode(try ONNXFile.encode(graph))
    graph.opset = ONNXFile.exportedOpset(for: graph.opset)
    #expect(again == graph)
  }

  @Test func namesOfOurConstantsGiveWay() throws {
    var builder = GraphBuilder("clash")
    let x = builder.input("x", [.symbolic("n"), .fixed(2), .fixed(4), .fixed(4)])
    let weight = builder.weight("cut.starts", .filled([1, 2, 1, 1], with: 3))
    let scaled = builder.node("scale", .elementwise(.multiply), x, weight)
    let cut = builder.node("cut", .slice(Slice(axes: [2], starts: [1], ends: [3], steps: [1])), scaled)
    let graph = try builder.finished(output: cut, as: "y", shape: [.symbolic("n"), .fixed(2), .fixed(2), .fixed(4)])
    #expect(try ONNXFile.decode(try ONNXFile.encode(graph)) == graph)
  }

  @Test func refusesWhatDoesNotValidate() throws {
    var graph = try Self.everything(opset: 17)
    graph.nodes[3].inputs[0] = "nowhere"
    #expect(throws: GraphError.self) { try ONNXFile.encode(graph) }
  }

  /// A network that holds each operator at least once, with attributes away from their defaults.
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
    x = builder.node("clip", .activation(.clip(minimum: -0.3, maximum: .infinity)), x)
    x = builder.node("free", .activation(.clip(minimum: -.infinity, maximum: .infinity)), x)
    x = builder.node("six", .activation(.clip(minimum: 0, maximum: 6)), x)
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
    x = builder.node("slice", .slice(Slice(axes: [-1, 1], starts: [0, 1], ends: [-1, 9], steps: [1, 2])), x)
    x = builder.node("pad", .pad(Pad(before: [0, 1, 0, 2], after: [0, 0, 3, 0], value: 0.75)), x)
    x = builder.node("identity", .identity, x)
    let pooled = builder.node("pool", .globalAveragePool, x)
    let mean = builder.node("mean", .reduceMean(axes: [2, 3], keepsAxes: true), x)
    x = builder.node("both", .concat(axis: -3), pooled, mean)
    x = builder.node("flatten", .flatten(axis: 1), x)
    x = builder.node("dropout", .dropout(ratio: 0.1), x)
    let matrix = builder.weight("matrix", .filled([10, 3], with: 0.5))
    x = builder.node("gemm", .gemm(Gemm(alpha: 0.5, beta: 3, transposesB: false)), x, matrix)
    x = builder.node("softmax", .softmax(axis: -1), x)
    var graph = try builder.finished(output: x, as: "y", shape: [.symbolic("batch"), .fixed(3)])
    graph.opset = opset
    graph.metadata = ["b": "2", "a": "1"]
    return graph
  }
}
