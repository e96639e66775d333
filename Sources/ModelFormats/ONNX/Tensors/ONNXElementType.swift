import ModelGraph

extension ElementType {
  /// ONNX's number of this type (`TensorProto.DataType`).
  var onnxCode: Int32 {
    switch self {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .uint16: 4
    case .int16: 5
    case .int32: 6
    case .int64: 7
    case .bool: 9
    case .float16: 10
    case .float64: 11
    case .uint32: 12
    case .uint64: 13
    case .bfloat16: 16
    case .float8e4m3fn: 17
    case .float8e4m3fnuz: 18
    case .float8e5m2: 19
    case .float8e5m2fnuz: 20
    case .uint4: 21
    case .int4: 22
    case .float4e2m1: 23
    case .float8e8m0: 24
    case .uint2: 25
    case .int2: 26
    }
  }

  /// The types that ONNX has and we do not, by number.
  private static let foreignNames: [Int32: String] = [
    0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 27: "float6e2m3", 28: "float6e3m2",
  ]

  /// Throws `ModelFormatError(.unsupportedType)` naming `owner` for a type that we do not hold.
  init(onnxCode: Int32, of owner: String) throws {
    guard let type = Self.allCases.first(where: { $0.onnxCode == onnxCode }) else {
      let name = Self.foreignNames[onnxCode] ?? "number \(onnxCode)"
      throw ModelFormatError(
        .unsupportedType, "\(owner) holds elements of type \(name), which is not supported.",
        remedy: name == "string"
          ? "Export the network without the part that works on text."
          : "Export the network with float32 weights and plain integers.")
    }
    self = type
  }
}
