import Foundation
import ModelFormats
import ModelGraph
import Testing

/// Branches, functions, sparse tensors and element types.
@Suite struct ONNXStructureTests {
  @Test func branchesByTheNumberOfAxes() throws {
    let graph = try Golden.network("if_rank_13")
    // The names inside of the branches give way to those around them.
    #expect(
      graph.nodes.map(\.op.onnxName) == ["Shape", "Size", "Equal", "Add", "Mul", "Not", "Mul"])
    #expect(graph.nodes[4].outputs == ["u"])
    #expect(graph.nodes[6].inputs[0] == "u")
    #expect(graph.nodes[6].outputs == ["y"])
    // One weight of the branch that is taken, none of the other.
    #expect(graph.weights[graph.nodes[6].inputs[1]]?.floats == [0.5])
  }

  @Test func branchesByAnInput() throws {
    let url = Golden.folder.appendingPathComponent("if_input_13.onnx")
    for (rate, name) in [(16000, "Relu"), (8000, "Neg")] {
      let graph = try ONNXFile.read(url, fixing: ["sr": rate])
      #expect(graph.inputs.map(\.name) == ["x"])
      #expect(graph.nodes.last?.op.onnxName == name)
    }
  }

  @Test func branchesByTheSizeOfAnAxis() throws {
    let url = Golden.folder.appendingPathComponent("if_axis_13.onnx")
    for (size, name) in [(11, "Relu"), (10, "Neg")] {
      let graph = try ONNXFile.read(url, fixing: ["time": size])
      #expect(graph.inputs[0].shape == [.symbolic("batch"), .fixed(size)])
      #expect(graph.nodes.last?.op.onnxName == name)
    }
  }

  @Test(arguments: [["st": 1], ["x": 1], ["sr": 1, "batch": 0]]) func refusesSettings(_ values: [String: Int]) throws {
    let error = try #require(throws: ModelFormatError.self) {
      try ONNXFile.read(Golden.folder.appendingPathComponent("if_input_13.onnx"), fixing: values)
    }
    #expect(error.code == .badSetting, "\(error)")
  }

  @Test func functionsStandWhereTheyAreCalled() throws {
    let graph = try Golden.network("function_17")
    #expect(
      graph.nodes.map(\.op) == [
        .activation(.leakyRelu(slope: 0.3)), .softmax(axis: -1), .elementwise(.add),
        .activation(.leakyRelu(slope: 0.7)), .softmax(axis: -1), .elementwise(.add),
        .activation(.leakyRelu(slope: 0.5)),
      ])
    #expect(graph.nodes[0].name == "one/Leaky_0/LeakyRelu_0")
    #expect(graph.nodes[0].outputs == ["one/t"])
    #expect(graph.nodes[1].outputs == ["p"])
    #expect(graph.nodes[3].inputs == ["q"])
    // The second result of the second call is nobody's.
    #expect(graph.nodes[5].outputs == ["two/d"])
    #expect(graph.nodes[6].outputs == ["y"])
  }

  /// A softmax in operator set 11 joins axes, in 17 it does not.
  @Test func functionsHaveTheirOwnOperatorSet() throws {
    let graph = try Golden.network("function_old_17")
    #expect(graph.nodes.map(\.op.onnxName) == ["Shape", "Flatten", "Softmax", "Reshape", "Softmax"])
    #expect(graph.opset == 17)
  }

  @Test func sparseTensorsAreWrittenOut() throws {
    let graph = try Golden.network("sparse_13")
    #expect(graph.weights["w"]?.shape == [3, 5])
    #expect(graph.weights["w"]?.floats == [0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 0])
    #expect(graph.weights["b"]?.floats == [0, 0.5, 0, 0, -2])
  }

  @Test(arguments: ElementType.allCases.filter { !$0.isNarrow }) func elementTypes(_ type: ElementType) throws {
    let url = Golden.folder.appendingPathComponent("types_17.onnx")
    let graph = try ONNXFile.read(url, precision: .asWritten)
    let names: [ElementType: String] = [.float32: "FLOAT", .float64: "DOUBLE"]
    let name = names[type] ?? type.rawValue.uppercased()
    let raw = try #require(graph.weights[name + ".raw"])
    #expect(raw.elementType == type)
    #expect(raw.shape == [4])
    #expect(raw == graph.weights[name + ".typed"])
    #expect(raw.bytes.contains { $0 != 0 })
    #expect(try ONNXFile.decode(try ONNXFile.encode(graph), precision: .asWritten).weights == graph.weights)
  }

  @Test func convertedTypesAreNoted() throws {
    let graph = try ONNXFile.decode(try Golden.bytes("types_17.onnx"))
    #expect(graph.metadata["coppice.converted-from"] == "bfloat16, float16, float64")
    #expect(graph.weights["DOUBLE.raw"]?.floats == [0, 1, 2, 100])
    #expect(graph.weights["BFLOAT16.raw"]?.floats == [0, 1, 2, 100])
  }

  /// Axes of outputs without a name or size have the name of the input axis that they follow, or their size.
  @Test func openAxes() throws {
    let graph = try Golden.network("open_17")
    #expect(graph.inputs[0].shape == [.symbolic("batch"), .fixed(4), .symbolic("x.2")])
    let shapes = graph.outputs.map(\.shape)
    #expect(shapes[0] == [.symbolic("batch"), .fixed(4), .symbolic("x.2")])
    #expect(shapes[1] == [.symbolic("x.2"), .fixed(4), .symbolic("batch")])
    #expect(shapes[2] == [.symbolic("flat.0")])
    #expect(shapes[3] == [])
  }

  @Test func readsTensorFiles() throws {
    let data = TensorData(shape: [2, 1], integers: [3, -4])
    let (name, read) = try ONNXTensorFile.decode(try ONNXTensorFile.encode(data, name: "input"))
    #expect(name == "input")
    #expect(read == data)
    #expect(throws: ModelFormatError.self) { try ONNXTensorFile.decode(Data("no tensor".utf8)) }
    let missing = try #require(throws: ModelFormatError.self) {
      try ONNXTensorFile.read(URL(fileURLWithPath: "/nonexistent/input_0.pb"))
    }
    #expect(missing.code == .unreadable)
  }
}
