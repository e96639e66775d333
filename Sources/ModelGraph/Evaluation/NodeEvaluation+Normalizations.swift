import Foundation

/// Functions along axes that weights are prepared with: norms, standardisation, mixing by a softmax.
extension NodeEvaluation {
  func softmaxed(_ axis: Int, logarithm: Bool) throws -> [TensorData]? {
    guard let x = constant(0), x.floatValuesExist else { return nil }
    let axis = try AxisRules.normalized(axis, rank: x.shape.count)
    return try overLines(of: x, along: [axis]) { line in
      let peak = line.max() ?? 0
      let shifted = line.map { $0 - peak }
      let total = shifted.reduce(0) { $0 + exp($1) }
      return logarithm ? shifted.map { $0 - log(total) } : shifted.map { exp($0) / total }
    }
  }

  /// Divided by the sum of absolute values, or by the root of the sum of squares; zeros stay zeros.
  func lpNormalized(_ attributes: LpNormalization) throws -> [TensorData]? {
    guard let x = constant(0), x.floatValuesExist, attributes.p == 1 || attributes.p == 2 else { return nil }
    let axis = try AxisRules.normalized(attributes.axis, rank: x.shape.count)
    return try overLines(of: x, along: [axis]) { line in
      let norm =
        attributes.p == 1
        ? line.reduce(0) { $0 + abs($1) } : line.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return norm == 0 ? line : line.map { $0 / norm }
    }
  }

  /// Over all axes from one on; the first result only.
  func axisNormalized(_ attributes: AxisNormalization, centers: Bool) throws -> [TensorData]? {
    guard let x = constant(0), x.floatValuesExist else { return nil }
    let first = try AxisRules.normalized(attributes.axis, rank: x.shape.count)
    let axes = Array(x.shape.indices[first...])
    guard
      let plain = try overLines(of: x, along: axes, { Self.standardized($0, attributes.epsilon, centers: centers) })
    else { return nil }
    guard let scale = try constant(1)?.expanded(to: x.shape).doubleValues else { return nil }
    let shift = try constant(2)?.expanded(to: x.shape).doubleValues
    if inputs.isPresent(2), shift == nil { return nil }
    let values = plain[0].doubleValues
    let scaled = values.indices.map { values[$0] * scale[$0] + (shift?[$0] ?? 0) }
    return [try TensorData(type, shape: x.shape, numbers: .doubles(scaled))]
  }

  /// `[N, C, ...]` by the running statistics or, as weights are standardised, by those of the constant itself; the first result only.
  func batchNormalized(_ attributes: BatchNormalization) throws -> [TensorData]? {
    guard let x = constant(0), x.floatValuesExist, x.shape.count > 1, x.elementCount > 0 else { return nil }
    let vectors = (1...4).compactMap { constant($0)?.doubleValues }
    guard vectors.count == 4, vectors.allSatisfy({ $0.count == x.shape[1] }) else { return nil }
    var (means, variances) = (vectors[2], vectors[3])
    let values = x.doubleValues
    let width = x.shape[2...].reduce(1, *)
    func channel(_ element: Int) -> Int { element / width % x.shape[1] }
    if attributes.usesBatchStatistics {
      let count = Double(x.elementCount / x.shape[1])
      means = Array(repeating: 0, count: x.shape[1])
      variances = means
      for (element, value) in values.enumerated() { means[channel(element)] += value / count }
      for (element, value) in values.enumerated() {
        let distance = value - means[channel(element)]
        variances[channel(element)] += distance * distance / count
      }
    }
    let scales = zip(vectors[0], variances).map { $0 / ($1 + attributes.epsilon).squareRoot() }
    let results = values.enumerated().map { element, value in
      let place = channel(element)
      return (value - means[place]) * scales[place] + vectors[1][place]
    }
    return [try TensorData(type, shape: x.shape, numbers: .doubles(results))]
  }

  private static func standardized(_ line: [Double], _ epsilon: Double, centers: Bool) -> [Double] {
    let count = Double(line.count)
    let mean = centers ? line.reduce(0, +) / count : 0
    let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let factor = 1 / (variance + epsilon).squareRoot()
    return line.map { ($0 - mean) * factor }
  }

  /// Every line along some axes replaced by another of the same length.
  private func overLines(
    of x: TensorData, along axes: [Int], _ body: ([Double]) -> [Double]
  ) throws -> [TensorData]? {
    let order = x.shape.indices.filter { !axes.contains($0) } + axes
    let length = axes.reduce(1) { $0 * x.shape[$1] }
    guard x.elementCount > 0 else { return [x] }
    let rows = try x.transposed(order)
    let values = rows.doubleValues
    var results: [Double] = []
    results.reserveCapacity(values.count)
    for start in stride(from: 0, to: values.count, by: length) {
      results += body(Array(values[start..<start + length]))
    }
    var back = order
    for (place, axis) in order.enumerated() { back[axis] = place }
    // Rounded once, at the end of what is computed with it.
    return [
      try TensorData(.float64, shape: rows.shape, numbers: .doubles(results)).transposed(back).converted(to: type)
    ]
  }
}

extension TensorData {
  fileprivate func converted(to type: ElementType) throws -> TensorData {
    type == elementType ? self : try TensorData(type, shape: shape, numbers: numbers)
  }
}
