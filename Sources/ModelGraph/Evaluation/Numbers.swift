import Foundation

/// A constant's elements in a form to compute with: small types widened, float16 and bfloat16 as float32.
///
/// Results are rounded to the element type once on the way back; integers wrap around as they do in the narrow type.
enum Numbers {
  case floats([Float])
  case doubles([Double])
  /// All integers but uint64, and booleans as 0 and 1.
  case integers([Int64])
  case unsigned([UInt64])

  /// The elements as doubles; integers beyond 2^53 are rounded.
  var asDoubles: [Double] {
    switch self {
    case .floats(let values): values.map { Double($0) }
    case .doubles(let values): values
    case .integers(let values): values.map { Double($0) }
    case .unsigned(let values): values.map { Double($0) }
    }
  }

  /// The elements as 64 bits of an integer: fractions are cut off, what is out of range is moved to the nearest limit.
  var asIntegerBits: [Int64] {
    switch self {
    case .floats(let values): values.map { Self.integerBits(Double($0)) }
    case .doubles(let values): values.map(Self.integerBits)
    case .integers(let values): values
    case .unsigned(let values): values.map { Int64(bitPattern: $0) }
    }
  }

  private static func integerBits(_ value: Double) -> Int64 {
    if let exact = Int64(exactly: value.rounded(.towardZero)) { return exact }
    if let exact = UInt64(exactly: value.rounded(.towardZero)) { return Int64(bitPattern: exact) }
    return value > 0 ? .max : .min
  }
}

extension TensorData {
  var numbers: Numbers {
    switch elementType {
    case .float32: .floats(read(Float.self))
    case .float64: .doubles(read(Double.self))
    case .float16: .floats(read(UInt16.self).map { Float(Float16(bitPattern: $0)) })
    case .bfloat16: .floats(read(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) })
    case .int8: .integers(read(Int8.self).map { Int64($0) })
    case .int16: .integers(read(Int16.self).map { Int64($0) })
    case .int32: .integers(read(Int32.self).map { Int64($0) })
    case .int64: .integers(read(Int64.self))
    case .uint8: .integers(read(UInt8.self).map { Int64($0) })
    case .uint16: .integers(read(UInt16.self).map { Int64($0) })
    case .uint32: .integers(read(UInt32.self).map { Int64($0) })
    case .uint64: .unsigned(read(UInt64.self))
    case .bool: .integers(read(UInt8.self).map { $0 == 0 ? 0 : 1 })
    case .int4, .uint4, .int2, .uint2:
      .integers((NarrowNumbers.values(of: bytes, as: elementType) ?? []).map { Int64($0) })
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1:
      .floats(NarrowNumbers.values(of: bytes, as: elementType) ?? [])
    }
  }

  /// Numbers converted to a type: floats to integers by cutting off, to booleans by comparing with zero.
  init(_ type: ElementType, shape: [Int], numbers: Numbers) throws {
    let bytes: Data =
      switch type {
      case .float32:
        if case .floats(let values) = numbers { Self.pack(values) } else { Self.pack(numbers.singles) }
      case .float64: Self.pack(numbers.asDoubles)
      case .float16:
        if case .floats(let values) = numbers {
          Self.pack(values.map { Float16($0).bitPattern })
        } else {
          Self.pack(numbers.asDoubles.map { Float16($0).bitPattern })
        }
      case .bfloat16: Self.pack(numbers.singles.map(Self.bfloat16))
      case .int8: Self.pack(numbers.asIntegerBits.map { Int8(truncatingIfNeeded: $0) })
      case .int16: Self.pack(numbers.asIntegerBits.map { Int16(truncatingIfNeeded: $0) })
      case .int32: Self.pack(numbers.asIntegerBits.map { Int32(truncatingIfNeeded: $0) })
      case .int64, .uint64: Self.pack(numbers.asIntegerBits)
      case .uint8: Self.pack(numbers.asIntegerBits.map { UInt8(truncatingIfNeeded: $0) })
      case .uint16: Self.pack(numbers.asIntegerBits.map { UInt16(truncatingIfNeeded: $0) })
      case .uint32: Self.pack(numbers.asIntegerBits.map { UInt32(truncatingIfNeeded: $0) })
      case .bool:
        switch numbers {
        case .floats(let values): Self.pack(values.map { $0 != 0 ? 1 : 0 } as [UInt8])
        case .doubles(let values): Self.pack(values.map { $0 != 0 ? 1 : 0 } as [UInt8])
        case .integers(let values): Self.pack(values.map { $0 != 0 ? 1 : 0 } as [UInt8])
        case .unsigned(let values): Self.pack(values.map { $0 != 0 ? 1 : 0 } as [UInt8])
        }
      case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .int4, .uint4, .int2,
        .uint2:
        NarrowNumbers.codes(of: numbers.singles, as: type) ?? Data()
      }
    try self.init(type, shape: shape, bytes: bytes)
  }

  /// The values of a tensor of integers (of any width) or booleans; nil for other types and for numbers beyond Int.
  package var integerValues: [Int]? {
    switch numbers {
    case .integers(let values): return values.map { Int($0) }
    case .unsigned(let values): return values.allSatisfy { $0 <= Int.max } ? values.map { Int($0) } : nil
    case .floats, .doubles: return nil
    }
  }

  /// The values of a tensor of floats (of any width); nil for other types.
  package var floatValues: [Float]? {
    switch numbers {
    case .floats(let values): values
    case .doubles(let values): values.map { Float($0) }
    case .integers, .unsigned: nil
    }
  }

  /// The values of a tensor of any type.
  package var doubleValues: [Double] { numbers.asDoubles }

  private func read<Value: BitwiseCopyable>(_ type: Value.Type) -> [Value] {
    [Value](unsafeUninitializedCapacity: elementCount) { buffer, initialized in
      bytes.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
      initialized = elementCount
    }
  }

  private static func pack<Value: BitwiseCopyable>(_ values: [Value]) -> Data {
    values.withUnsafeBytes { Data($0) }
  }

  /// The nearest bfloat16, halves to even.
  private static func bfloat16(_ value: Float) -> UInt16 {
    guard !value.isNaN else { return UInt16(truncatingIfNeeded: value.bitPattern >> 16) | 0x40 }
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }
}

extension Numbers {
  fileprivate var singles: [Float] {
    switch self {
    case .floats(let values): values
    case .doubles(let values): values.map { Float($0) }
    case .integers(let values): values.map { Float($0) }
    case .unsigned(let values): values.map { Float($0) }
    }
  }
}
