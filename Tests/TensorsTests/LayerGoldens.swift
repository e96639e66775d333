import Foundation
import ModelGraph
import Testing

/// Single nodes with their inputs and results; make_layer_goldens.py and make_kernel_goldens.py say where they come from.
///
/// `@unchecked`: the attributes are property-list values that nobody changes.
struct LayerGoldens: @unchecked Sendable {
  /// Operators of many attributes.
  static let layers = Result { try LayerGoldens("layers") }
  /// Products, windows, functions, shapes and positions.
  static let kernels = Result { try LayerGoldens("kernels") }

  private let cases: [String: [String: Any]]
  private let tensors: [String: [String: Any]]
  private let body: Data

  private init(_ file: String) throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Goldens/\(file).safetensors")
    let bytes = try Data(contentsOf: url)
    let length = bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    let header = try JSONSerialization.jsonObject(with: bytes.dropFirst(8).prefix(length))
    tensors = try #require(header as? [String: [String: Any]])
    let text = try #require(tensors["__metadata__"]?["cases"] as? String)
    let list = try JSONSerialization.jsonObject(with: Data(text.utf8))
    cases = try #require(list as? [String: [String: Any]])
    body = Data(bytes.dropFirst(8 + length))
  }

  var names: [String] { cases.keys.sorted() }

  func node(_ name: String) throws -> (node: Node, inputs: [TensorData?], outputs: [TensorData?]) {
    let entry = try #require(cases[name])
    let kind = try #require(entry["op"] as? String)
    var op = try #require(Operator.named(kind))
    var table = AttributeTable(try #require(entry["attributes"] as? [String: Any]))
    try op.codeAttributes(with: &table)
    #expect(table.unknown.isEmpty, "attributes that the operator does not have")
    let inputs = try tensors(entry["inputs"])
    let outputs = try tensors(entry["outputs"])
    let node = Node(
      name: name, op: op, inputs: inputs.enumerated().map { $1 == nil ? "" : "x\($0)" },
      outputs: outputs.enumerated().map { $1 == nil ? "" : "y\($0)" })
    return (node, inputs, outputs)
  }

  private func tensors(_ list: Any?) throws -> [TensorData?] {
    try #require(list as? [Any]).map { try ($0 as? NSNumber).map { try tensor($0.intValue) } }
  }

  private func tensor(_ number: Int) throws -> TensorData {
    let entry = try #require(tensors["\(number)"])
    let types: [String: ElementType] = [
      "F32": .float32, "F64": .float64, "F16": .float16, "BF16": .bfloat16, "I8": .int8, "I16": .int16, "I32": .int32,
      "I64": .int64, "U8": .uint8, "U16": .uint16, "U32": .uint32, "U64": .uint64, "BOOL": .bool,
    ]
    let shape = try #require(entry["shape"] as? [NSNumber]).map(\.intValue)
    let offsets = try #require(entry["data_offsets"] as? [NSNumber]).map(\.intValue)
    let type = try #require(types[entry["dtype"] as? String ?? ""])
    return try TensorData(type, shape: shape, bytes: body.subdata(in: offsets[0]..<offsets[1]))
  }
}
