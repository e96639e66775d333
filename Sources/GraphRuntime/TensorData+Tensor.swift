import ModelGraph
import Tensors

extension Tensor {
  /// A copy of a weight on a device.
  package convenience init(_ data: TensorData, device: Device = .cpu) throws {
    try self.init(bytes: data.bytes, shape: data.shape, type: ScalarType(data.elementType), device: device)
  }

  /// A copy as a weight: row-major bytes in this tensor's type.
  package func tensorData() throws -> TensorData {
    try TensorData(ElementType(type), shape: shape, bytes: copyBytes())
  }
}

extension ScalarType {
  /// Narrow types lie in tensors as their codes, which libtorch sees as bytes.
  package init(_ type: ElementType) {
    self =
      switch type {
      case .float32: .float32
      case .float64: .float64
      case .float16: .float16
      case .bfloat16: .bfloat16
      case .int8: .int8
      case .int16: .int16
      case .int32: .int32
      case .int64: .int64
      case .uint8: .uint8
      case .uint16: .uint16
      case .uint32: .uint32
      case .uint64: .uint64
      case .bool: .bool
      case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .int4, .uint4,
        .int2, .uint2:
        .uint8
      }
  }
}

extension ElementType {
  package init(_ type: ScalarType) {
    self =
      switch type {
      case .float32: .float32
      case .float64: .float64
      case .float16: .float16
      case .bfloat16: .bfloat16
      case .int8: .int8
      case .int16: .int16
      case .int32: .int32
      case .int64: .int64
      case .uint8: .uint8
      case .uint16: .uint16
      case .uint32: .uint32
      case .uint64: .uint64
      case .bool: .bool
      }
  }
}
