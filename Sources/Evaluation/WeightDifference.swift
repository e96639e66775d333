import ModelGraph

/// In what the weights of two networks differ that ought to be the same.
struct WeightDifference {
  /// The largest difference of two numbers at one place, in absolute value; infinite where one of them is no finite number.
  private(set) var largest = 0.0
  /// The weight in which that is; empty where all are equal.
  private(set) var weight = ""
  /// A tensor that only one of them has, or whose shape, type or whole numbers differ, in words.
  private(set) var otherTensor: String?

  init(_ made: Graph, _ original: Graph) {
    let roles = original.weightRoles()
    for name in Set(made.weights.keys).union(original.weights.keys).sorted() {
      guard let new = made.weights[name], let old = original.weights[name] else {
        otherTensor = "'\(name)' is only in \(made.weights[name] == nil ? "the file" : "what was made")"
        return
      }
      guard new.shape == old.shape, new.elementType == old.elementType else {
        otherTensor =
          "'\(name)' is \(new.elementType.rawValue) \(new.shape), in the file \(old.elementType.rawValue) \(old.shape)"
        return
      }
      guard new.bytes != old.bytes else { continue }
      let distance: Double
      if new.elementType == .float32 {
        distance = Self.distance(new.floats.map(Double.init), old.floats.map(Double.init))
      } else if roles[name] == .quantized {
        distance = Self.distance(Self.integers(new), Self.integers(old))
      } else {
        otherTensor = "the numbers of '\(name)' (\(new.elementType.rawValue) \(new.shape)) are others"
        return
      }
      if distance > largest { (largest, weight) = (distance, name) }
    }
  }

  /// Of a quantised tensor, whose type is int8, uint8 or int32.
  private static func integers(_ data: TensorData) -> [Double] {
    switch data.elementType {
    case .int8: data.bytes.map { Double(Int8(bitPattern: $0)) }
    case .uint8: data.bytes.map { Double($0) }
    default: data.integers.map(Double.init)
    }
  }

  /// Never 0: the bytes differ, if only by the sign of a zero.
  private static func distance(_ new: [Double], _ old: [Double]) -> Double {
    var largest = Double.leastNonzeroMagnitude
    for (a, b) in zip(new, old) where a != b {
      let distance = abs(a - b)
      largest = max(largest, distance.isNaN ? .infinity : distance)
    }
    return largest
  }
}
