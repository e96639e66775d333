import Foundation
import ModelGraph

extension ONNXTensorReader {
  /// What one sparse tensor may take when it is written out, since a few bytes of file can ask for any size.
  static let largestDenseBytes = 1 << 30

  /// The dense tensor. Throws `ModelFormatError` naming `owner` for positions outside of it, or a size beyond 1 GiB.
  func read(sparse tensor: Onnx_SparseTensorProto, owner: String) throws -> TensorData {
    let values = try read(tensor.values, owner: "The values of \(owner)")
    let (type, shape, byteCount) = try extent(tensor.values.dataType, tensor.dims, owner: owner)
    guard byteCount <= Self.largestDenseBytes else {
      throw ModelFormatError(.tooLarge, "\(owner) of shape \(shape) takes \(byteCount) bytes when it is written out.")
    }
    let positions = try positions(tensor.indices, in: shape, owner: owner)
    guard values.shape == [positions.count] else {
      throw ModelFormatError(.malformed, "\(owner) has \(values.shape) values and \(positions.count) positions.")
    }
    var dense = Data(count: byteCount)
    let (source, width) = ([UInt8](values.bytes), type.byteCount)
    for (index, position) in positions.enumerated() {
      dense.replaceSubrange(
        (position * width)..<((position + 1) * width), with: source[(index * width)..<((index + 1) * width)])
    }
    return try TensorData(type, shape: shape, bytes: dense)
  }

  /// Row-major positions: the file has them so, or as one coordinate for each axis.
  private func positions(_ tensor: Onnx_TensorProto, in shape: [Int], owner: String) throws -> [Int] {
    let indices = try read(tensor, owner: "The positions of \(owner)")
    guard indices.elementType == .int64 else {
      throw ModelFormatError(.malformed, "\(owner) has positions of type \(indices.elementType.rawValue).")
    }
    let numbers = indices.integers.map(Int.init)
    let count = TensorData.checkedElementCount(of: shape) ?? 0
    let positions: [Int]
    if indices.shape.count == 2, indices.shape[1] == shape.count, !shape.isEmpty {
      positions = try (0..<indices.shape[0]).map { row in
        try shape.indices.reduce(0) { position, axis in
          let coordinate = numbers[row * shape.count + axis]
          guard shape[axis] > 0, (0..<shape[axis]).contains(coordinate) else { throw outside(owner, coordinate, shape) }
          return position * shape[axis] + coordinate
        }
      }
    } else {
      positions = numbers
    }
    guard positions.count == indices.shape.first, Set(positions).count == positions.count else {
      throw ModelFormatError(.malformed, "\(owner) has positions of shape \(indices.shape), or one of them twice.")
    }
    for position in positions where !(0..<count).contains(position) { throw outside(owner, position, shape) }
    return positions
  }

  private func outside(_ owner: String, _ position: Int, _ shape: [Int]) -> ModelFormatError {
    ModelFormatError(.malformed, "\(owner) of shape \(shape) has a value at \(position), outside of it.")
  }
}
