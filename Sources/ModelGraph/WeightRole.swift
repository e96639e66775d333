/// What a weight is to training and to counting.
package enum WeightRole: Sendable, Hashable {
  /// Learned by gradients: weights, biases, scales.
  case trainable
  /// Learned once and held as integers since: counted, but gradients do not change it.
  case quantized
  /// Running means and variances of batch normalisation: measured, not learned, not counted as parameters.
  case statistic
  /// A constant of the graph.
  case constant

  /// True for what counts as a parameter.
  package var isCounted: Bool {
    switch self {
    case .trainable, .quantized: true
    case .statistic, .constant: false
    }
  }
}

extension ElementType {
  /// Weights and biases are quantised to it.
  fileprivate var holdsQuantized: Bool { !isFloatingPoint && self != .bool && self != .int64 && self != .uint64 }
}

extension Graph {
  /// The role of every weight that a node reads, by how it is read; trainable wins where a weight is read in several ways.
  ///
  /// A weight also counts as read by those who read what Identity, Transpose, Reshape and the like make of it. Integers
  /// are constants, but for those of up to 32 bits that a layer reads as its weight or bias.
  package func weightRoles() -> [String: WeightRole] {
    var roles: [String: WeightRole] = [:]
    let computed = computedConstants
    for (name, reading) in weightReadings() {
      guard let weight = weights[name] else { continue }
      // A mask that was computed before it was added is none that training made, nor is one of infinite numbers.
      let isMask = reading == .operand && (computed.contains(name) || weight.isInfiniteMask)
      roles[name] = isMask ? .constant : reading.role(of: weight)
    }
    return roles
  }

  /// Weights that are learned as operands of sums and products only: of a single number, they would be constants.
  package func operandWeights() -> Set<String> {
    let read = weightReadings().filter { name, reading in
      reading == .operand && weights[name].map { !$0.isInfiniteMask } ?? false
    }
    return Set(read.keys).subtracting(computedConstants)
  }

  private func weightReadings() -> [String: WeightReading] {
    var readings: [String: WeightReading] = [:]
    for node in nodes.reversed() {
      for (position, input) in node.inputs.enumerated() where !input.isEmpty {
        let reading: WeightReading =
          switch node.op.reading(of: position) {
          case .passedOn: node.outputs.compactMap { readings[$0] }.max() ?? .constant
          case let fixed: fixed
          }
        readings[input] = max(readings[input] ?? .constant, reading)
      }
    }
    return readings
  }

  /// Learned numbers, quantised ones included; running statistics and constants are not counted.
  package var parameterCount: Int {
    trainableWeights.reduce(0) { $0 + $1.elementCount }
  }

  /// Learned numbers that are not zero.
  package var nonzeroParameterCount: Int {
    trainableWeights.reduce(0) { count, weight in
      count
        + (weight.elementType == .float32
          ? weight.floats.count { $0 != 0 } : weight.doubleValues.count { $0 != 0 })
    }
  }

  private var trainableWeights: [TensorData] {
    weightRoles().compactMap { name, role in role.isCounted ? weights[name] : nil }
  }
}

extension TensorData {
  /// Shuts places out by infinite numbers, as masks of attention do: all others are zeros, or it has two axes or more. A vector of
  /// which some numbers became infinite in training is none.
  fileprivate var isInfiniteMask: Bool {
    guard elementType.isFloatingPoint, elementCount > 1, !isFinite, let values = floatValues else { return false }
    if values.contains(where: \.isNaN) { return false }
    return shape.count { $0 > 1 } > 1 || values.allSatisfy { $0 == 0 || $0.isInfinite }
  }

  /// No element is infinite or not a number.
  private var isFinite: Bool {
    guard elementType == .float32 else { return floatValues?.allSatisfy(\.isFinite) ?? true }
    let exponent: UInt32 = 0x7F80_0000
    return bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).allSatisfy {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)) & exponent != exponent
      }
    }
  }
}

/// How an operator reads an input, as far as it says whether a weight there is learned; the later ones win.
enum WeightReading: Int, Comparable {
  /// As whoever reads the result does.
  case passedOn
  case constant
  case statistic
  /// As one operand of a sum or product: learned, unless it is a single number.
  case operand
  /// As a table of rows to choose from: learned where it has two axes.
  case table
  case trainable

  static func < (left: WeightReading, right: WeightReading) -> Bool { left.rawValue < right.rawValue }

  func role(of weight: TensorData) -> WeightRole {
    guard weight.elementType.isFloatingPoint else {
      return self == .trainable && weight.elementType.holdsQuantized ? .quantized : .constant
    }
    switch self {
    case .passedOn, .constant: return .constant
    case .statistic: return .statistic
    case .operand: return weight.elementCount > 1 ? .trainable : .constant
    case .table: return weight.shape.count == 2 ? .trainable : .constant
    case .trainable: return .trainable
    }
  }
}
