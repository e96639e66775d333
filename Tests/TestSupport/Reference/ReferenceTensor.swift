import ModelGraph
import Support

/// A tensor of doubles for naive reference computations: row-major values.
package struct ReferenceTensor: Sendable, Equatable {
  package var shape: [Int]
  package var values: [Double]
  /// Whole numbers and booleans, which divide towards zero.
  package var isInteger = false

  package init(shape: [Int], values: [Double], isInteger: Bool = false) {
    precondition(shape.reduce(1, *) == values.count, "shape \(shape) does not hold \(values.count) values")
    self.shape = shape
    self.values = values
    self.isInteger = isInteger
  }

  package init(shape: [Int], integers: [Int]) {
    self.init(shape: shape, values: integers.map(Double.init), isInteger: true)
  }

  /// float32, float64, int64, int32 and booleans; anything else has no values and stops the test.
  package init(_ data: TensorData) {
    let count = data.shape.reduce(1, *)
    switch data.elementType {
    case .float32: self.init(shape: data.shape, values: data.floats.map(Double.init))
    case .int64, .int32: self.init(shape: data.shape, values: data.integers.map(Double.init), isInteger: true)
    case .bool, .uint8: self.init(shape: data.shape, values: data.bytes.map(Double.init), isInteger: true)
    case .float64:
      let doubles = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
        _ = data.bytes.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
        initialized = count
      }
      self.init(shape: data.shape, values: doubles)
    default: preconditionFailure("the reference has no \(data.elementType.rawValue)")
    }
  }

  /// Uniform in -1..<1, and exact in float32.
  package static func random(shape: [Int], seed: UInt64, stream: String = "input") -> ReferenceTensor {
    var generator = SeededGenerator(seed: seed, stream: stream)
    return ReferenceTensor(
      shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Double(Float(generator.uniform() * 2 - 1)) })
  }

  package static func zeros(_ shape: [Int]) -> ReferenceTensor {
    ReferenceTensor(shape: shape, values: Array(repeating: 0, count: shape.reduce(1, *)))
  }

  /// Float32, or int64 for whole numbers.
  package var tensorData: TensorData {
    isInteger
      ? TensorData(shape: shape, integers: integers.map(Int64.init))
      : TensorData(shape: shape, floats: values.map { Float($0) })
  }

  /// The values as whole numbers; what lies beyond (ONNX writes "to the end" as the largest int64) is limited to 2^53.
  package var integers: [Int] { values.map { Int(min(max($0, -0x1p53), 0x1p53)) } }

  /// The largest absolute difference, or infinity for different shapes or where one is not a number.
  package func largestDifference(from other: ReferenceTensor) -> Double {
    guard shape == other.shape else { return .infinity }
    return zip(values, other.values).reduce(0) { largest, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN ? .infinity : max(largest, difference)
    }
  }

  /// A tensor of `shape` whose value at each index is computed from the index.
  package static func generate(_ shape: [Int], _ value: ([Int]) -> Double) -> ReferenceTensor {
    var result = zeros(shape)
    var index = Array(repeating: 0, count: shape.count)
    for position in result.values.indices {
      result.values[position] = value(index)
      advance(&index, in: shape)
    }
    return result
  }

  /// Every index of a shape in row-major order.
  package static func indices(_ shape: [Int]) -> [[Int]] {
    var result: [[Int]] = []
    var index = Array(repeating: 0, count: shape.count)
    for _ in 0..<shape.reduce(1, *) {
      result.append(index)
      advance(&index, in: shape)
    }
    return result
  }

  private static func advance(_ index: inout [Int], in shape: [Int]) {
    var axis = shape.count - 1
    while axis >= 0 {
      index[axis] += 1
      if index[axis] < shape[axis] { return }
      index[axis] = 0
      axis -= 1
    }
  }

  /// Where an index lies among the values.
  package func position(_ index: [Int]) -> Int {
    var position = 0
    for axis in shape.indices { position = position * shape[axis] + index[axis] }
    return position
  }

  package subscript(index: [Int]) -> Double { values[position(index)] }

  /// The value at an index of a shape that this tensor broadcasts to.
  package func broadcast(_ index: [Int]) -> Double {
    var position = 0
    let shift = index.count - shape.count
    for axis in shape.indices { position = position * shape[axis] + (shape[axis] == 1 ? 0 : index[axis + shift]) }
    return values[position]
  }

  package func map(_ transform: (Double) -> Double) -> ReferenceTensor {
    ReferenceTensor(shape: shape, values: values.map(transform), isInteger: isInteger)
  }

  package func reshaped(_ shape: [Int]) -> ReferenceTensor {
    ReferenceTensor(shape: shape, values: values, isInteger: isInteger)
  }

  /// The values at the indices that `source` names for each index of the new shape.
  package func picking(_ shape: [Int], _ source: ([Int]) -> [Int]) -> ReferenceTensor {
    var result = Self.generate(shape) { self[source($0)] }
    result.isInteger = isInteger
    return result
  }

  package func transposed(_ permutation: [Int]) -> ReferenceTensor {
    picking(permutation.map { shape[$0] }) { index in
      var source = index
      for (position, axis) in permutation.enumerated() { source[axis] = index[position] }
      return source
    }
  }

  /// `count` slices from `start` on along an axis.
  package func slice(_ axis: Int, from start: Int, count: Int) -> ReferenceTensor {
    var size = shape
    size[axis] = count
    return picking(size) { index in
      var index = index
      index[axis] += start
      return index
    }
  }
}
