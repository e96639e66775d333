import Foundation
import Support

/// A constant tensor as bytes: row-major, little-endian, without gaps.
package struct TensorData: Sendable, Hashable {
  package let elementType: ElementType
  package let shape: [Int]
  package let bytes: Data

  /// Throws `GraphError` when the bytes do not fit the shape, or the shape's product overflows.
  package init(_ elementType: ElementType, shape: [Int], bytes: Data) throws {
    guard let count = Self.checkedElementCount(of: shape),
      case (let needed, false) = count.multipliedReportingOverflow(by: elementType.byteCount)
    else { throw GraphError(.invalidWeight, "A tensor of shape \(shape) is too large or has a negative axis.") }
    guard bytes.count == needed else {
      throw GraphError(
        .invalidWeight, "A \(elementType.rawValue) tensor of shape \(shape) needs \(needed) bytes, not \(bytes.count).")
    }
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  init(trusted elementType: ElementType, shape: [Int], bytes: Data) {
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  /// A float32 tensor; the values must be as many as the shape holds.
  package init(shape: [Int], floats: [Float]) {
    precondition(shape.reduce(1, *) == floats.count, "shape \(shape) does not hold \(floats.count) values")
    self.init(trusted: .float32, shape: shape, bytes: floats.withUnsafeBufferPointer { Data(buffer: $0) })
  }

  /// float64, row-major.
  package init(shape: [Int], doubles: [Double]) {
    precondition(doubles.count == shape.reduce(1, *), "\(doubles.count) numbers do not fill \(shape)")
    self.init(trusted: .float64, shape: shape, bytes: doubles.withUnsafeBufferPointer { Data(buffer: $0) })
  }

  /// An int64 tensor; the values must be as many as the shape holds.
  package init(shape: [Int], integers: [Int64]) {
    precondition(shape.reduce(1, *) == integers.count, "shape \(shape) does not hold \(integers.count) values")
    self.init(trusted: .int64, shape: shape, bytes: integers.withUnsafeBufferPointer { Data(buffer: $0) })
  }

  /// Booleans; the values must be as many as the shape holds.
  package init(shape: [Int], flags: [Bool]) {
    precondition(shape.reduce(1, *) == flags.count, "shape \(shape) does not hold \(flags.count) values")
    self.init(trusted: .bool, shape: shape, bytes: Data(flags.map { $0 ? 1 : 0 }))
  }

  package static func zeros(_ shape: [Int]) -> TensorData {
    TensorData(trusted: .float32, shape: shape, bytes: Data(count: shape.reduce(1, *) * 4))
  }

  package static func filled(_ shape: [Int], with value: Float) -> TensorData {
    TensorData(shape: shape, floats: Array(repeating: value, count: shape.reduce(1, *)))
  }

  package var elementCount: Int { shape.reduce(1, *) }

  /// The values of a float32 tensor in row-major order; empty for other element types.
  package var floats: [Float] {
    guard elementType == .float32 else { return [] }
    return Self.values(of: bytes, count: elementCount)
  }

  /// The values of an int64 or int32 tensor in row-major order; empty for other element types.
  package var integers: [Int64] {
    switch elementType {
    case .int64: return Self.values(of: bytes, count: elementCount)
    case .int32: return (Self.values(of: bytes, count: elementCount) as [Int32]).map(Int64.init)
    default: return []
    }
  }

  /// The slices at `indices` along `axis`, in that order; an index may repeat. Linear in the result's bytes.
  package func gathering(_ indices: [Int], axis: Int) -> TensorData {
    precondition(shape.indices.contains(axis), "axis \(axis) of shape \(shape)")
    var all: [[Int]?] = shape.map { _ in nil }
    all[axis] = indices
    return gathering(all)
  }

  /// The same bytes under another shape of equal element count.
  package func reshaped(to newShape: [Int]) -> TensorData {
    precondition(newShape.reduce(1, *) == elementCount, "cannot reshape \(shape) to \(newShape)")
    return TensorData(trusted: elementType, shape: newShape, bytes: bytes)
  }

  /// The number of elements in `shape`, or nil when an axis is negative or the product overflows.
  package static func checkedElementCount(of shape: [Int]) -> Int? {
    var count = 1
    for axis in shape {
      guard axis >= 0, case (let product, false) = count.multipliedReportingOverflow(by: axis) else { return nil }
      count = product
    }
    return count
  }

  private static func values<Value: BitwiseCopyable>(of bytes: Data, count: Int) -> [Value] {
    [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      bytes.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }
}
