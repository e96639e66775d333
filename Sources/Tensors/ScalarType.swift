import CTorchShim

/// The type of one element; raw values and order are ModelGraph's `ElementType`.
package enum ScalarType: String, Sendable, Hashable, CaseIterable {
  case float32, float64, float16, bfloat16
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case bool

  package var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16: true
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bool: false
    }
  }

  /// Bytes that one element takes.
  package var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  init?(code: CTScalarType) {
    guard Self.byCode.indices.contains(Int(code)) else { return nil }
    self = Self.byCode[Int(code)]
  }

  var code: CTScalarType {
    let value =
      switch self {
      case .float32: CT_FLOAT32
      case .float64: CT_FLOAT64
      case .float16: CT_FLOAT16
      case .bfloat16: CT_BFLOAT16
      case .int8: CT_INT8
      case .int16: CT_INT16
      case .int32: CT_INT32
      case .int64: CT_INT64
      case .uint8: CT_UINT8
      case .uint16: CT_UINT16
      case .uint32: CT_UINT32
      case .uint64: CT_UINT64
      case .bool: CT_BOOL
      }
    return CTScalarType(value)
  }

  private static let byCode: [ScalarType] = allCases
}
