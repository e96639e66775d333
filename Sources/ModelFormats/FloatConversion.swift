import Foundation
import ModelGraph

extension TensorData {
  /// `number` in every element of a tensor of that type. Nil for one that the type cannot hold.
  init?(_ number: Double, _ type: ElementType, shape: [Int] = []) {
    let element: Data
    switch type {
    case .float32: element = Self.bytes(of: Float(number))
    case .float64: element = Self.bytes(of: number)
    case .float16: element = Self.bytes(of: Float16(number))
    case .bfloat16:
      // To the nearest, halves to the even neighbour.
      let bits = Float(number).bitPattern
      element = Self.bytes(of: UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16))
    case .int8: element = Int8(exactly: number).map(Self.bytes) ?? Data()
    case .int16: element = Int16(exactly: number).map(Self.bytes) ?? Data()
    case .int32: element = Int32(exactly: number).map(Self.bytes) ?? Data()
    case .int64: element = Int64(exactly: number).map(Self.bytes) ?? Data()
    case .uint8: element = UInt8(exactly: number).map(Self.bytes) ?? Data()
    case .uint16: element = UInt16(exactly: number).map(Self.bytes) ?? Data()
    case .uint32: element = UInt32(exactly: number).map(Self.bytes) ?? Data()
    case .uint64: element = UInt64(exactly: number).map(Self.bytes) ?? Data()
    case .bool: element = number == 0 || number == 1 ? Data([UInt8(number)]) : Data()
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .int4, .uint4,
      .int2, .uint2:
      element = NarrowNumbers.codes(of: [Float(number)], as: type, limits: true) ?? Data()
    }
    guard !element.isEmpty, let count = Self.checkedElementCount(of: shape), count <= 1 << 20 else { return nil }
    var all = Data()
    for _ in 0..<count { all += element }
    guard let data = try? TensorData(type, shape: shape, bytes: all) else { return nil }
    self = data
  }

  private static func bytes<Value: BitwiseCopyable>(of value: Value) -> Data {
    withUnsafeBytes(of: value) { Data($0) }
  }

  /// The same values as float32 when this holds another floating-point type (float64 is rounded); else itself.
  func convertedToFloat32() -> TensorData {
    switch elementType {
    case .float16: return converted(UInt16.self) { Float(Float16(bitPattern: $0)) }
    case .bfloat16: return converted(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .float64: return converted(UInt64.self) { Float(Double(bitPattern: $0)) }
    default: return self
    }
  }

  private func converted<Bits: FixedWidthInteger>(_ type: Bits.Type, _ convert: (Bits) -> Float) -> TensorData {
    let floats = bytes.withUnsafeBytes { buffer in
      (0..<elementCount).map {
        convert(Bits(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Bits>.size, as: Bits.self)))
      }
    }
    return TensorData(shape: shape, floats: floats)
  }
}

/// The number that the shortest decimal form of a float32 means: 1e-5 for the float nearest to it, and not
/// 9.99999975e-06.
///
/// ONNX holds attributes as float32 while people write decimals, so this gives back what was written.
func decimalValue(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
