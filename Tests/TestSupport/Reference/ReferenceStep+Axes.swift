import Foundation
import ModelGraph

extension ReferenceStep {
  /// Normalisations and softmax; nil for other operators.
  func normalized() throws -> [ReferenceTensor]? {
    switch node.op {
    case .batchNormalization(let attributes):
      let (x, scale, bias, mean) = (try argument(0), try argument(1), try argument(2), try argument(3))
      let variance = try argument(4)
      try check(x.shape.count >= 2, "needs channels")
      for vector in [scale, bias, mean, variance] { try check(vector.shape == [x.shape[1]], "has other vectors") }
      return [
        .generate(x.shape) { index in
          let c = index[1]
          return (x[index] - mean.values[c]) / (variance.values[c] + attributes.epsilon).squareRoot()
            * scale.values[c] + bias.values[c]
        }
      ]
    case .instanceNormalization(let epsilon):
      return [try normalizedRuns(groups: try argument(0).shape[1], epsilon: epsilon)]
    case .groupNormalization(let attributes):
      return [try normalizedRuns(groups: attributes.groups, epsilon: attributes.epsilon)]
    case .layerNormalization(let attributes):
      return [try normalizedTail(attributes, centres: true)]
    case .rmsNormalization(let attributes):
      return [try normalizedTail(attributes, centres: false)]
    case .softmax(let axis): return [try softmax(axis)]
    case .logSoftmax(let axis): return [try softmax(axis).map { log($0) }]
    default: return nil
    }
  }

  private func softmax(_ axis: Int) throws -> ReferenceTensor {
    let x = try argument(0)
    let axis = try self.axis(axis, rank: x.shape.count)
    return .generate(x.shape) { index in
      let line = (0..<x.shape[axis]).map { position in
        var other = index
        other[axis] = position
        return x[other]
      }
      return Self.softmax(line)[index[axis]]
    }
  }

  /// Each run of channels of each sample by its own mean and variance, then scale and bias by channel.
  private func normalizedRuns(groups: Int, epsilon: Double) throws -> ReferenceTensor {
    let (x, scale, bias) = (try argument(0), try argument(1), try argument(2))
    let channels = x.shape[1]
    try check(groups > 0 && channels % groups == 0, "has \(groups) groups for its channels")
    try check(scale.shape == [channels] && bias.shape == [channels], "has other vectors")
    let run = x.values.count / (x.shape[0] * groups)
    let area = x.values.count / (x.shape[0] * channels)
    var result = x
    for start in stride(from: 0, to: x.values.count, by: run) {
      let values = x.values[start..<start + run]
      let mean = values.reduce(0, +) / Double(run)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(run)
      for position in start..<start + run {
        let c = position / area % channels
        result.values[position] =
          (x.values[position] - mean) / (variance + epsilon).squareRoot() * scale.values[c] + bias.values[c]
      }
    }
    return result
  }

  private func normalizedTail(_ attributes: AxisNormalization, centres: Bool) throws -> ReferenceTensor {
    let (x, scale) = (try argument(0), try argument(1))
    let axis = try self.axis(attributes.axis, rank: x.shape.count)
    let run = x.shape[axis...].reduce(1, *)
    try check(try broadcast([x.shape, scale.shape]) == x.shape, "has another scale")
    let bias = optional(2)
    try check(bias.map { try broadcast([x.shape, $0.shape]) == x.shape } ?? true, "has another bias")
    var inner = x
    for start in stride(from: 0, to: x.values.count, by: run) {
      let values = x.values[start..<start + run]
      let mean = centres ? values.reduce(0, +) / Double(run) : 0
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(run)
      for position in start..<start + run {
        inner.values[position] = (x.values[position] - mean) / (variance + attributes.epsilon).squareRoot()
      }
    }
    return .generate(x.shape) { inner[$0] * scale.broadcast($0) + (bias?.broadcast($0) ?? 0) }
  }

  /// Reductions and pooling; nil for other operators.
  func alongAxes() throws -> [ReferenceTensor]? {
    switch node.op {
    case .reduce(let reduction):
      let x = try argument(0)
      let axes = optional(1)?.integers ?? []
      if axes.isEmpty && reduction.leavesWithoutAxes { return [x] }
      return [try reduce(x, reduction, over: axes.isEmpty ? Array(x.shape.indices) : axes)]
    case .globalAveragePool:
      let x = try argument(0)
      return [try reduce(x, Reduction(.mean), over: Array(2..<x.shape.count))]
    case .globalMaxPool:
      let x = try argument(0)
      return [try reduce(x, Reduction(.maximum), over: Array(2..<x.shape.count))]
    case .maxPool(let pooling): return [try pool(pooling) { values, _ in values.max() ?? 0 }]
    case .averagePool(let pooling):
      return [
        try pool(pooling) { values, padded in
          values.reduce(0, +) / Double(pooling.countsPadding ? padded : values.count)
        }
      ]
    case .argExtreme(let extreme):
      let x = try argument(0)
      let axis = try self.axis(extreme.axis, rank: x.shape.count)
      var shape = x.shape
      shape[axis] = 1
      var result = ReferenceTensor.generate(shape) { index in
        var best = 0
        func value(_ position: Int) -> Double {
          var index = index
          index[axis] = position
          return extreme.isMaximum ? x[index] : -x[index]
        }
        for position in 1..<max(x.shape[axis], 1) where value(position) > value(best) { best = position }
        return Double(best)
      }
      if !extreme.keepsAxes { shape.remove(at: axis) }
      result = result.reshaped(shape)
      result.isInteger = true
      return [result]
    default: return nil
    }
  }

  private func reduce(_ x: ReferenceTensor, _ reduction: Reduction, over axes: [Int]) throws -> ReferenceTensor {
    let reduced = Set(try axes.map { try axis($0, rank: x.shape.count) })
    let kept = x.shape.indices.map { reduced.contains($0) ? 1 : x.shape[$0] }
    var lists = Array(repeating: [Double](), count: kept.reduce(1, *))
    let target = ReferenceTensor.zeros(kept)
    for index in ReferenceTensor.indices(x.shape) {
      lists[target.position(index.enumerated().map { reduced.contains($0.offset) ? 0 : $0.element })].append(x[index])
    }
    let values = lists.map { list -> Double in
      let squares = list.reduce(0) { $0 + $1 * $1 }
      return switch reduction.function {
      case .mean: list.reduce(0, +) / Double(list.count)
      case .sum: list.reduce(0, +)
      case .maximum: list.max() ?? -.infinity
      case .minimum: list.min() ?? .infinity
      case .product: list.reduce(1, *)
      case .l1: list.reduce(0) { $0 + abs($1) }
      case .l2: squares.squareRoot()
      case .sumOfSquares: squares
      case .logSum: log(list.reduce(0, +))
      case .logSumExp: log(list.reduce(0) { $0 + exp($1) })
      }
    }
    let shape = reduction.keepsAxes ? kept : x.shape.indices.filter { !reduced.contains($0) }.map { x.shape[$0] }
    return ReferenceTensor(shape: shape, values: values, isInteger: x.isInteger)
  }

  /// `combine` gets the values inside the input and the number of places inside the padded input.
  private func pool(_ pooling: Pooling, _ combine: ([Double], Int) -> Double) throws -> ReferenceTensor {
    let x = try argument(0)
    let axes = x.shape.count - 2
    try check(pooling.padding.rule == .explicit && pooling.kernel.count == axes, "has another form")
    func filled(_ values: [Int], _ value: Int) -> [Int] {
      values.isEmpty ? Array(repeating: value, count: axes) : values
    }
    let (strides, dilations) = (filled(pooling.strides, 1), filled(pooling.dilations, 1))
    let (before, after) = (filled(pooling.padding.before, 0), filled(pooling.padding.after, 0))
    let sizes = (0..<axes).map { axis in
      let size = x.shape[axis + 2]
      let span = dilations[axis] * (pooling.kernel[axis] - 1) + 1
      // Counted one by one; with ceil mode the last window may hang over, but must start inside.
      var count = 0
      while true {
        let start = count * strides[axis] - before[axis]
        let fits = start + span <= size + after[axis]
        let hangs = pooling.ceilMode && start < size && start + span - strides[axis] < size + after[axis]
        guard fits || hangs else { return count }
        count += 1
      }
    }
    let taps = ReferenceTensor.indices(pooling.kernel)
    return .generate(Array(x.shape[..<2]) + sizes) { index in
      var values: [Double] = []
      var padded = 0
      for tap in taps {
        let place = (0..<axes).map { (axis: Int) -> Int in
          let start: Int = index[axis + 2] * strides[axis]
          return start + tap[axis] * dilations[axis] - before[axis]
        }
        if (0..<axes).allSatisfy({ place[$0] < x.shape[$0 + 2] + after[$0] }) { padded += 1 }
        if (0..<axes).allSatisfy({ (0..<x.shape[$0 + 2]).contains(place[$0]) }) {
          values.append(x[Array(index[..<2]) + place])
        }
      }
      return combine(values, padded)
    }
  }
}
