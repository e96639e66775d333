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
    }
  }

  var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16: true
    default: false
    }
  }

  /// Throws `ModelFormatError(.unsupportedType)` naming `owner` for a type that we do not hold.
  init(onnxCode: Int32, of owner: String) throws {
    guard let type = Self.allCases.first(where: { $0.onnxCode == onnxCode }) else {
      let names: [Int32: String] = [
        0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz",
        19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1",
      ]
      throw ModelFormatError(
        .unsupportedType, "\(owner) holds elements of type \(names[onnxCode] ?? "number \(onnxCode)").",
        remedy: "Export the network with float32 weights.")
    }
    self = type
  }
}
