import Foundation
import ModelGraph

/// Tensors as ONNX holds them: raw bytes, one of five typed fields, a range of another file, or a few values and their
/// positions.
struct ONNXTensorReader {
  let externalData: ONNXExternalData

  /// The tensor in the file's own element type. Throws `ModelFormatError` naming `owner`.
  func read(_ tensor: Onnx_TensorProto, owner: String) throws -> TensorData {
    let (type, shape, elementBytes) = try extent(tensor.dataType, tensor.dims, owner: owner)
    // Narrow types have a byte for each element here and share bytes in files.
    let byteCount = type.packedBits.map { (elementBytes * $0 + 7) / 8 } ?? elementBytes
    let bytes: Data
    if tensor.dataLocation == .external {
      bytes = try externalData.bytes(of: tensor, count: byteCount, owner: owner)
    } else if !tensor.rawData.isEmpty {
      bytes = tensor.rawData
    } else {
      bytes = typedBytes(of: tensor, type)
    }
    guard bytes.count == byteCount else {
      throw ModelFormatError(
        .malformed, "\(owner) of shape \(shape) (\(type.rawValue)) needs \(byteCount) bytes but holds \(bytes.count).",
        remedy: "Check that the file is whole; export the network again.")
    }
    if let bits = type.packedBits {
      let codes = NarrowNumbers.unpacked(bytes, bits: bits, count: elementBytes)
      return try TensorData(type, shape: shape, bytes: codes)
    }
    return try TensorData(type, shape: shape, bytes: type == .bool ? Self.normalized(bytes) : bytes)
  }

  /// The element type, shape and bytes that a tensor says that it has; nothing is allocated yet.
  func extent(_ code: Int32, _ dims: [Int64], owner: String) throws -> (type: ElementType, shape: [Int], bytes: Int) {
    let type = try ElementType(onnxCode: code, of: owner)
    let shape = try dims.map { size in
      guard size >= 0, size <= Int64(Int32.max) else {
        throw ModelFormatError(.malformed, "\(owner) has an axis of \(size) elements.")
      }
      return Int(size)
    }
    // Empty axes must not hide others whose product overflows.
    guard shape.count <= 64, TensorData.checkedElementCount(of: shape.map { max($0, 1) }) != nil,
      let count = TensorData.checkedElementCount(of: shape),
      case (let byteCount, false) = count.multipliedReportingOverflow(by: type.byteCount), byteCount < Int.max / 8
    else { throw ModelFormatError(.malformed, "\(owner) has the shape \(shape.prefix(8)), which is too large.") }
    return (type, shape, byteCount)
  }

  /// The values of the typed field that ONNX assigns to `type`, as the bytes of a tensor.
  private func typedBytes(of tensor: Onnx_TensorProto, _ type: ElementType) -> Data {
    switch type {
    case .float32: packed(tensor.floatData)
    case .float64: packed(tensor.doubleData)
    case .int64: packed(tensor.int64Data)
    case .uint64: packed(tensor.uint64Data)
    case .uint32: packed(tensor.uint64Data.map { UInt32(truncatingIfNeeded: $0) })
    case .int32: packed(tensor.int32Data)
    case .int16, .uint16, .float16, .bfloat16: packed(tensor.int32Data.map { UInt16(truncatingIfNeeded: $0) })
    case .int8, .uint8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1,
      .int4, .uint4, .int2, .uint2:
      packed(tensor.int32Data.map { UInt8(truncatingIfNeeded: $0) })
    }
  }

  private func packed<Value: BitwiseCopyable>(_ values: [Value]) -> Data {
    values.withUnsafeBytes { Data($0) }
  }

  /// Booleans as 0 and 1: another byte for true would be another number to what computes with it.
  private static func normalized(_ bytes: Data) -> Data {
    bytes.allSatisfy { $0 <= 1 } ? bytes : Data(bytes.map { $0 == 0 ? 0 : 1 })
  }
}

extension Onnx_TensorProto {
  /// From so many bytes on a tensor's bytes are written as they are, inside or outside the network's file.
  static let smallestRaw = 1024

  /// A named tensor with its bytes inside: small lists of integers (sizes, axes, pads) as the field of numbers where that is shorter,
  /// since most of them are below 128 and take one byte there instead of eight.
  init(_ name: String, _ data: TensorData) {
    self.init()
    if !name.isEmpty { self.name = name }
    dims = data.shape.map(Int64.init)
    dataType = data.elementType.onnxCode
    if data.elementType == .int64, data.bytes.count < Self.smallestRaw {
      let integers = data.integers
      if integers.reduce(0, { $0 + Self.encodedBytes(of: $1) }) < data.bytes.count {
        int64Data = integers
        return
      }
    }
    rawData = data.elementType.packedBits.map { NarrowNumbers.packed(data.bytes, bits: $0) } ?? data.bytes
  }

  /// Seven bits a byte, all sixty-four of a negative number.
  private static func encodedBytes(of number: Int64) -> Int {
    max(1, (UInt64.bitWidth - UInt64(bitPattern: number).leadingZeroBitCount + 6) / 7)
  }
}
