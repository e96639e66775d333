import ModelGraph
import Support

/// A tensor of doubles for naive reference computations: row-major values.
package struct ReferenceTensor: Sendable, Equatable {
  package var shape: [Int]
  package var values: [Double]

  package init(shape: [Int], values: [Double]) {
    precondition(shape.reduce(1, *) == values.count, "shape \(shape) does not hold \(values.count) values")
    self.shape = shape
    self.values = values
  }

  package init(_ data: TensorData) {
    self.init(shape: data.shape, values: data.floats.map(Double.init))
  }

  /// Uniform in -1..<1, and exact in float32.
  package static func random(shape: [Int], seed: UInt64, stream: String = "input") -> ReferenceTensor {
    var generator = SeededGenerator(seed: seed, stream: stream)
    return ReferenceTensor(
      shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Double(Float(generator.uniform() * 2 - 1)) })
  }

  package var tensorData: TensorData { TensorData(shape: shape, floats: values.map { Float($0) }) }

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
    var result = ReferenceTensor(shape: shape, values: Array(repeating: 0, count: shape.reduce(1, *)))
    var index = Array(repeating: 0, count: shape.count)
    for position in result.values.indices {
      result.values[position] = value(index)
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }

  package subscript(index: [Int]) -> Double {
    var position = 0
    for axis in shape.indices { position = position * shape[axis] + index[axis] }
    return values[position]
  }

  /// The value at an index of a shape that this tensor broadcasts to.
  package func broadcast(_ index: [Int]) -> Double {
    let own = index.suffix(shape.count)
    return self[zip(own, shape).map { $1 == 1 ? 0 : $0 }]
  }
}
