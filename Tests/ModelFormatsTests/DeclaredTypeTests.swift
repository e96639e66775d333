import Foundation
import ModelFormats
import ModelGraph
import Testing

/// Inputs and outputs keep the types that the file declares; float32 is between them.
@Suite struct DeclaredTypeTests {
  static let types: [ElementType] = [.float16, .bfloat16, .float64]

  /// relu(x) and relu(x) + w, all of one type.
  private func file(_ type: ElementType) throws -> Data {
    let shape: [ModelGraph.Dimension] = [.symbolic("n"), .fixed(3)]
    func value(_ name: String) -> ValueInfo { ValueInfo(name: name, elementType: type, shape: shape) }
    let graph = Graph(
      name: "half", inputs: [value("x")], outputs: [value("h"), value("y")],
      nodes: [
        Node(name: "relu", op: .activation(.relu), inputs: ["x"], outputs: ["h"]),
        Node(name: "add", op: .elementwise(.add), inputs: ["h", "w"], outputs: ["y"]),
      ],
      weights: ["w": try TensorData(type, shape: [3], bytes: Data(count: 3 * type.byteCount))], opset: 18)
    return try ONNXFile.encode(graph)
  }

  @Test(arguments: types) func writtenFilesHaveTheTypesOfTheGivenOne(_ type: ElementType) throws {
    let graph = try ONNXFile.decode(file(type))
    #expect((graph.inputs + graph.outputs).allSatisfy { $0.elementType == .float32 && $0.declaredType == type })
    #expect(graph.weights["w"]?.elementType == .float32)
    #expect(graph.convertedFrom == [type.rawValue])
    let written = try ONNXFile.decode(ONNXFile.encode(graph), precision: .asWritten)
    #expect(written.inputs.map(\.name) == ["x"] && written.outputs.map(\.name) == ["h", "y"])
    #expect((written.inputs + written.outputs).allSatisfy { $0.elementType == type && $0.shape.count == 2 })
    #expect(written.nodes.map(\.op.onnxName) == ["Cast", "Relu", "Add", "Cast", "Cast"])
    #expect(written.weights["w"]?.elementType == .float32)
  }

  /// Values have their own names again, whichever way the file is read.
  @Test(arguments: types) func whatIsWrittenIsReadAsItWas(_ type: ElementType) throws {
    let graph = try ONNXFile.decode(file(type))
    let bytes = try ONNXFile.encode(graph)
    #expect(try ONNXFile.decode(bytes) == graph)
    #expect(try ONNXFile.encode(ONNXFile.decode(bytes)) == bytes)
    let canonical = try graph.canonical()
    try Golden.withFolder { folder in
      let url = folder.appendingPathComponent("written.onnx")
      try ONNXFile.encode(canonical).write(to: url)
      #expect(try ONNXFile.read(url) == canonical)
    }
  }

  /// An input that is handed on needs no cast, and an output that is a weight has one.
  @Test func inputsAndWeightsThatAreOutputs() throws {
    let value = { (name: String) in ValueInfo(name: name, elementType: .float16, shape: [.fixed(2)]) }
    let half = Graph(
      name: "passed", inputs: [value("x")], outputs: [value("x"), value("w")], nodes: [],
      weights: ["w": try TensorData(.float16, shape: [2], bytes: Data(count: 4))], opset: 18)
    let graph = try ONNXFile.decode(ONNXFile.encode(half))
    let bytes = try ONNXFile.encode(graph)
    let written = try ONNXFile.decode(bytes, precision: .asWritten)
    #expect(written.outputs.map(\.elementType) == [.float16, .float16])
    #expect(try ONNXFile.decode(bytes) == graph)
  }

  /// What float16 still holds takes no more room than before, and is the same weight when it is read.
  @Test(arguments: [ElementType.float16, .bfloat16]) func weightsStayNarrowWhereTheyCan(_ type: ElementType) throws {
    let info = ValueInfo(name: "x", elementType: type, shape: [.symbolic("n"), .fixed(1000)])
    var output = info
    output.name = "y"
    // One half of each number is zero, which is exact in both types.
    var bytes = Data(count: 2000)
    for place in stride(from: 1, to: bytes.count, by: 2) { bytes[place] = UInt8(0x30 + place % 7) }
    let half = Graph(
      name: "half", inputs: [info], outputs: [output],
      nodes: [
        Node(name: "one", op: .elementwise(.add), inputs: ["x", "w"], outputs: ["s"]),
        Node(name: "two", op: .elementwise(.multiply), inputs: ["s", "w"], outputs: ["y"]),
      ], weights: ["w": try TensorData(type, shape: [1000], bytes: bytes)], opset: 18)
    let file = try ONNXFile.encode(half)
    let graph = try ONNXFile.decode(file)
    #expect(graph.weights["w"]?.elementType == .float32)
    let written = try ONNXFile.encode(graph)
    #expect(written.count < file.count + 512)
    #expect(try ONNXFile.decode(written) == graph)
    #expect(try ONNXFile.decode(written, precision: .asWritten).weights["w.\(type.rawValue)"] == half.weights["w"])
    // Trained numbers are not exact any more.
    var trained = graph
    trained.weights["w"] = TensorData.filled([1000], with: 0.1)
    #expect(try ONNXFile.decode(ONNXFile.encode(trained)) == trained)
    #expect(try ONNXFile.encode(trained).count > file.count + 1500)
  }

  @Test func float32IsLeftAlone() throws {
    let graph = try ONNXFile.decode(file(.float32))
    #expect((graph.inputs + graph.outputs).allSatisfy { $0.declaredType == nil })
    #expect(try ONNXFile.decode(ONNXFile.encode(graph), precision: .asWritten).nodes == graph.nodes)
  }
}
