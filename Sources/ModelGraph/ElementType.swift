/// The type of one tensor element; the raw value is the word used in messages and reports.
package enum ElementType: String, Sendable, Hashable, Codable, CaseIterable {
  case float32, float64, float16, bfloat16
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case bool
  /// Numbers of 8 bits and less: a byte each in memory, whatever a file packs; see `NarrowFloat`.
  case float8e4m3fn, float8e4m3fnuz, float8e5m2, float8e5m2fnuz, float8e8m0, float4e2m1
  case int4, uint4, int2, uint2

  /// Bytes that one element takes.
  package var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1,
      .int4, .uint4, .int2, .uint2:
      1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// A floating-point type that is computed with.
  package var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16: true
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3fn, .float8e4m3fnuz,
      .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .int4, .uint4, .int2, .uint2:
      false
    }
  }

  /// Bits that a narrow integer has; nil for all other types.
  package var narrowIntegerBits: (count: Int, isSigned: Bool)? {
    switch self {
    case .int4: (4, true)
    case .uint4: (4, false)
    case .int2: (2, true)
    case .uint2: (2, false)
    default: nil
    }
  }

  /// Bits that one element takes where a file packs several into a byte, else nil.
  package var packedBits: Int? { self == .float4e2m1 ? 4 : narrowIntegerBits?.count }

  /// Numbers that are stored and converted, but not computed with.
  package var isNarrow: Bool { narrowIntegerBits != nil || NarrowFloat(self) != nil }
}
