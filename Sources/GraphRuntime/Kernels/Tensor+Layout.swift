import Foundation
import Tensors

private let viewAsType = ATenOperator("aten::view", "dtype")
private let maskedFill = ATenOperator("aten::masked_fill", "Scalar")
private let repeatInterleave = ATenOperator("aten::repeat_interleave", "self_int")
private let scatterSource = ATenOperator("aten::scatter", "src")

/// Positions and types that several kernels need beyond the operators of `Tensors`.
extension Tensor {
  /// A float64 vector.
  convenience init(doubles: [Double], device: Device) throws {
    let bytes = doubles.withUnsafeBufferPointer { Data(buffer: $0) }
    try self.init(bytes: bytes, shape: [doubles.count], type: .float64, device: device)
  }

  /// A negative axis counted from the last one; nil outside of the shape.
  static func position(ofAxis axis: Int, rank: Int) -> Int? {
    let position = axis < 0 ? axis + rank : axis
    return (0..<Swift.max(rank, 1)).contains(position) ? position : nil
  }

  /// The same elements with a new axis of one element.
  func inserting(axis: Int) throws -> Tensor {
    var shape = shape
    let position = axis < 0 ? axis + shape.count + 1 : axis
    guard (0...shape.count).contains(position) else { throw unsuited("insert axis \(axis)") }
    shape.insert(1, at: position)
    return try reshape(shape)
  }

  /// The same elements without an axis of one element.
  func removing(axis: Int) throws -> Tensor {
    var shape = shape
    let position = axis < 0 ? axis + shape.count : axis
    guard shape.indices.contains(position) else { throw unsuited("remove axis \(axis)") }
    shape.remove(at: position)
    return try reshape(shape)
  }

  /// A vector laid along one axis of `rank` axes, so that it broadcasts.
  func alongAxis(_ axis: Int, rank: Int) throws -> Tensor {
    guard (0..<rank).contains(axis) else { throw unsuited("lie along axis \(axis) of \(rank)") }
    var shape = [Int](repeating: 1, count: rank)
    shape[axis] = elementCount
    return try reshape(shape)
  }

  private func unsuited(_ operation: String) -> TensorError {
    TensorError(.refused, operation: operation, shapes: [shape], detail: "the input has not the axes for that")
  }

  /// `value` where the mask is true.
  func filled(_ value: Double, where mask: Tensor) throws -> Tensor {
    try maskedFill.one(.tensor(self), .tensor(mask), .decimal(value))
  }

  /// Each slice along an axis `count` times, one after the other.
  func repeatingEach(_ count: Int, axis: Int) throws -> Tensor {
    count == 1 ? self : try repeatInterleave.one(.tensor(self), .integer(count), .integer(axis))
  }

  /// self[i][indices[i][j]] = source[i][j] for axis 1, and so on.
  func scattering(_ axis: Int, _ indices: Tensor, _ source: Tensor) throws -> Tensor {
    try scatterSource.one(.tensor(self), .integer(axis), .tensor(indices), .tensor(source))
  }

  /// The same bytes as another type of equal width.
  func viewed(as type: ScalarType) throws -> Tensor {
    try viewAsType.one(.tensor(contiguous()), .type(type))
  }

  /// Moves elements without looking at them, also where libtorch lacks that for an unsigned type.
  func moved(_ move: (Tensor) throws -> Tensor) throws -> Tensor {
    guard let twin = type.signedTwin else { return try move(self) }
    return try move(viewed(as: twin)).viewed(as: type)
  }

  /// As `moved`, for two tensors of one type.
  func moved(with other: Tensor, _ move: (Tensor, Tensor) throws -> Tensor) throws -> Tensor {
    guard let twin = type.signedTwin, other.type == type else { return try move(self, other) }
    return try move(viewed(as: twin), other.viewed(as: twin)).viewed(as: type)
  }

  /// Values of a type that libtorch sorts, in the same order.
  func sortable() throws -> Tensor { try type == .bool ? to(.uint8) : ordered() }

  /// This type if it has the precision of float32 or better, else float32.
  var precise: Tensor {
    get throws { type == .float64 ? self : try to(.float32) }
  }
}

extension ScalarType {
  /// The signed type of the same width for unsigned types that libtorch hardly knows.
  fileprivate var signedTwin: ScalarType? {
    switch self {
    case .uint16: .int16
    case .uint32: .int32
    case .uint64: .int64
    case .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .bool: nil
    }
  }

  /// What an integer type can hold; nil for other types and for 64 bits, which doubles do not hold.
  var integerLimits: (lowest: Double, highest: Double)? {
    switch self {
    case .int8: (-128, 127)
    case .uint8: (0, 255)
    case .int16: (-32768, 32767)
    case .uint16: (0, 65535)
    case .int32: (-2_147_483_648, 2_147_483_647)
    case .uint32: (0, 4_294_967_295)
    case .float32, .float64, .float16, .bfloat16, .int64, .uint64, .bool: nil
    }
  }
}
