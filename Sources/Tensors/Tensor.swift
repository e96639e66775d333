import CTorchShim
import Foundation

/// A handle on a libtorch tensor. Not Sendable: gradients, scopes and devices belong to the thread that computes.
///
/// Operators are methods that return new tensors and throw `TensorError` with their name and the shapes of their inputs;
/// those that end in an underscore change the tensor and stay off the gradient's tape.
package final class Tensor {
  let handle: OpaquePointer

  /// Takes over a handle of the shim.
  init(owning handle: OpaquePointer) {
    self.handle = handle
  }

  deinit { ct_tensor_free(handle) }

  // MARK: Making

  /// A float32 tensor of row-major values.
  package convenience init(floats: [Float], shape: [Int], device: Device = .cpu) throws {
    self.init(owning: try floats.withUnsafeBytes { try Self.copy($0, shape: shape, type: .float32, device: device) })
  }

  /// A float64 tensor of row-major values.
  package convenience init(doubles: [Double], shape: [Int], device: Device = .cpu) throws {
    self.init(owning: try doubles.withUnsafeBytes { try Self.copy($0, shape: shape, type: .float64, device: device) })
  }

  /// An int64 tensor of row-major values: labels and indices.
  package convenience init(int64s: [Int64], shape: [Int], device: Device = .cpu) throws {
    self.init(owning: try int64s.withUnsafeBytes { try Self.copy($0, shape: shape, type: .int64, device: device) })
  }

  /// A tensor of row-major, little-endian bytes, which are copied.
  package convenience init(bytes: Data, shape: [Int], type: ScalarType, device: Device = .cpu) throws {
    self.init(owning: try bytes.withUnsafeBytes { try Self.copy($0, shape: shape, type: type, device: device) })
  }

  package static func full(
    _ value: Double, shape: [Int], type: ScalarType = .float32, device: Device = .cpu
  ) throws -> Tensor {
    try make("full") { ct_full(value, type.code, shape, shape.count, device.code, $0) }
  }

  package static func zeros(_ shape: [Int], type: ScalarType = .float32, device: Device = .cpu) throws -> Tensor {
    try full(0, shape: shape, type: type, device: device)
  }

  package static func ones(_ shape: [Int], type: ScalarType = .float32, device: Device = .cpu) throws -> Tensor {
    try full(1, shape: shape, type: type, device: device)
  }

  /// The whole numbers of the range, `[range.count]`.
  package static func arange(_ range: Range<Int>, type: ScalarType = .int64, device: Device = .cpu) throws -> Tensor {
    try make("arange") { ct_arange(range.lowerBound, range.upperBound, type.code, device.code, $0) }
  }

  // MARK: Looking

  package var rank: Int { withExtendedLifetime(self) { ct_rank(handle) } }

  package var shape: [Int] {
    withExtendedLifetime(self) {
      let rank = ct_rank(handle)
      return [Int](unsafeUninitializedCapacity: rank) { buffer, count in
        if let start = buffer.baseAddress { ct_shape(handle, start) }
        count = rank
      }
    }
  }

  /// The size of one axis, negative ones counting from the last; 0 for an axis that it does not have.
  package func size(_ axis: Int) -> Int {
    withExtendedLifetime(self) {
      let rank = ct_rank(handle)
      return axis < rank && axis >= -rank ? ct_size(handle, axis < 0 ? axis + rank : axis) : 0
    }
  }

  package var elementCount: Int { withExtendedLifetime(self) { ct_element_count(handle) } }

  package var type: ScalarType {
    guard let type = withExtendedLifetime(self, { ScalarType(code: ct_scalar_type(handle)) }) else {
      preconditionFailure("the shim made a tensor of a type that it does not know")
    }
    return type
  }

  package var device: Device { withExtendedLifetime(self) { Device(code: ct_device(handle)) } }

  /// True for four axes laid out `[N, H, W, C]` in memory.
  package var isChannelsLast: Bool { withExtendedLifetime(self) { ct_is_channels_last(handle) } }

  /// True when a change of one in place would show in the other.
  package func sharesMemory(with other: Tensor) -> Bool {
    withExtendedLifetime((self, other)) { ct_shares_storage(handle, other.handle) }
  }

  // MARK: Copying out

  /// The values as float32 in row-major order, from any device and type.
  package var floats: [Float] {
    get throws { try values(as: .float32, zero: Float(0)) }
  }

  /// The values as float64 in row-major order, from any device and type.
  package var doubles: [Double] {
    get throws { try values(as: .float64, zero: Double(0)) }
  }

  /// The values as int64 in row-major order, from any device and type; fractions are cut off.
  package var int64s: [Int64] {
    get throws { try values(as: .int64, zero: Int64(0)) }
  }

  /// The only value of a tensor of one element; on CUDA it waits for the device.
  package func item() throws -> Double {
    var value = 0.0
    try withExtendedLifetime(self) { try check(ct_item(handle, &value), "item", [self]) }
    return value
  }

  /// Row-major, little-endian bytes in the tensor's own type.
  package func copyBytes() throws -> Data {
    let type = type
    var data = Data(count: elementCount * type.byteCount)
    try withExtendedLifetime(self) {
      try data.withUnsafeMutableBytes { buffer in
        try check(ct_copy_out(handle, type.code, buffer.baseAddress, buffer.count), "copy out", [self])
      }
    }
    return data
  }

  private func values<Value>(as type: ScalarType, zero: Value) throws -> [Value] {
    var result = [Value](repeating: zero, count: elementCount)
    try withExtendedLifetime(self) {
      try result.withUnsafeMutableBytes { buffer in
        try check(ct_copy_out(handle, type.code, buffer.baseAddress, buffer.count), "copy out", [self])
      }
    }
    return result
  }

  private static func copy(
    _ bytes: UnsafeRawBufferPointer, shape: [Int], type: ScalarType, device: Device
  ) throws -> OpaquePointer {
    var count = 1
    for axis in shape {
      guard axis >= 0, case (let product, false) = count.multipliedReportingOverflow(by: axis) else {
        throw TensorError(
          .invalidArgument, operation: "copy in", shapes: [shape], detail: "the shape is negative or too large")
      }
      count = product
    }
    guard case (let needed, false) = count.multipliedReportingOverflow(by: type.byteCount), needed == bytes.count else {
      throw TensorError(
        .invalidArgument, operation: "copy in", shapes: [shape],
        detail: "a \(type.rawValue) tensor of this shape does not take \(bytes.count) bytes")
    }
    var result: OpaquePointer?
    let status = ct_from_bytes(bytes.baseAddress, bytes.count, type.code, shape, shape.count, device.code, &result)
    guard status.code == CT_OK, let result else {
      throw TensorError(consuming: status, operation: "copy in", inputs: [])
    }
    return result
  }
}
