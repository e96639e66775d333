import Foundation
import ModelGraph

extension TensorData {
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
