import Foundation
import ModelGraph

/// Tensors as ONNX holds them: raw bytes, one of five typed fields, or a range of another file.
struct ONNXTensorReader {
  let externalData: ONNXExternalData
  /// Floating-point types that became float32.
  private(set) var convertedTypes = Set<ElementType>()

  init(externalData: ONNXExternalData) {
    self.externalData = externalData
  }

  /// The tensor, floating-point types as float32. Throws `ModelFormatError` naming `owner`.
  mutating func read(_ tensor: Onnx_TensorProto, owner: String) throws -> TensorData {
    let type = try ElementType(onnxCode: tensor.dataType, of: owner)
    let shape = try tensor.dims.map { size in
      guard size >= 0, size <= Int64(Int32.max) else {
        throw ModelFormatError(.malformed, "\(owner) has an axis of \(size) elements.")
      }
      return Int(size)
    }
    guard let count = TensorData.checkedElementCount(of: shape),
      case (let byteCount, false) = count.multipliedReportingOverflow(by: type.byteCount)
    else { throw ModelFormatError(.malformed, "\(owner) has the shape \(shape), which is too large.") }

    let bytes: Data
    if tensor.dataLocation == .external {
      bytes = try externalData.bytes(of: tensor, count: byteCount, owner: owner)
    } else if tensor.hasRawData {
      bytes = tensor.rawData
    } else {
      bytes = typedBytes(of: tensor, type)
    }
    guard bytes.count == byteCount else {
      throw ModelFormatError(
        .malformed, "\(owner) of shape \(shape) (\(type.rawValue)) needs \(byteCount) bytes but holds \(bytes.count).",
        remedy: "Check that the file is whole; export the network again.")
    }
    let data = try TensorData(type, shape: shape, bytes: bytes)
    guard type.isFloatingPoint, type != .float32 else { return data }
    convertedTypes.insert(type)
    return data.convertedToFloat32()
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
    case .int8, .uint8, .bool: packed(tensor.int32Data.map { UInt8(truncatingIfNeeded: $0) })
    }
  }

  private func packed<Value: BitwiseCopyable>(_ values: [Value]) -> Data {
    values.withUnsafeBytes { Data($0) }
  }
}

extension Onnx_TensorProto {
  /// A named tensor with its bytes inside.
  init(_ name: String, _ data: TensorData) {
    self.init()
    self.name = name
    dims = data.shape.map(Int64.init)
    dataType = data.elementType.onnxCode
    rawData = data.bytes
  }
}
