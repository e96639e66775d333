import Foundation
import ModelGraph

extension ReferenceStep {
  /// Convolutions, matrix products, recurrent layers and attention; nil for other operators.
  func product() throws -> [ReferenceTensor]? {
    switch node.op {
    case .convolution(let convolution): return [try convolve(convolution)]
    case .transposedConvolution(let transposed): return [try convolve(transposed)]
    case .gemm(let gemm):
      var (a, b) = (try argument(0), try argument(1))
      if gemm.transposesA { a = a.transposed([1, 0]) }
      if gemm.transposesB { b = b.transposed([1, 0]) }
      let product = try matrixProduct(a, b)
      let addend = optional(2)
      return [
        .generate(product.shape) { gemm.alpha * product[$0] + gemm.beta * (addend?.broadcast($0) ?? 0) }
      ]
    case .matrixProduct: return [try matrixProduct(argument(0), argument(1))]
    case .recurrent(let recurrent): return try recur(recurrent)
    case .attention(let attention): return [try attend(attention)]
    case .rotaryEmbedding(let rotary): return [try rotate(rotary)]
    default: return nil
    }
  }

  /// NumPy's matmul, of operands with at least two axes.
  func matrixProduct(_ a: ReferenceTensor, _ b: ReferenceTensor) throws -> ReferenceTensor {
    let (rank, other) = (a.shape.count, b.shape.count)
    try check(rank >= 2 && other >= 2 && a.shape[rank - 1] == b.shape[other - 2], "cannot multiply")
    let batch = try broadcast([Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))])
    let (inner, columns) = (a.shape[rank - 1], b.shape[other - 1])
    return .generate(batch + [a.shape[rank - 2], columns]) { index in
      let (row, column) = (index[index.count - 2], index[index.count - 1])
      let left = zip(index.dropLast(2).suffix(rank - 2), a.shape).map { $1 == 1 ? 0 : $0 }
      let right = zip(index.dropLast(2).suffix(other - 2), b.shape).map { $1 == 1 ? 0 : $0 }
      let (from, start) = (a.position(left + [row, 0]), b.position(right + [0, column]))
      return (0..<inner).reduce(0) { $0 + a.values[from + $1] * b.values[start + $1 * columns] }
    }
  }

  private func filled(_ values: [Int], _ count: Int, with value: Int) -> [Int] {
    values.isEmpty ? Array(repeating: value, count: count) : values
  }

  /// Explicit padding only.
  private func convolve(_ convolution: Convolution) throws -> ReferenceTensor {
    let (x, weight, bias) = (try argument(0), try argument(1), optional(2))
    let axes = x.shape.count - 2
    try check(convolution.padding.rule == .explicit && weight.shape.count == axes + 2, "has another form")
    try check(x.shape[1] == weight.shape[1] * convolution.groups, "reads other channels")
    try check(weight.shape[0] % convolution.groups == 0, "has rows that do not fall into groups")
    let kernel = Array(weight.shape[2...])
    let strides = filled(convolution.strides, axes, with: 1)
    let dilations = filled(convolution.dilations, axes, with: 1)
    let before = filled(convolution.padding.before, axes, with: 0)
    let after = filled(convolution.padding.after, axes, with: 0)
    let sizes = (0..<axes).map { (axis: Int) -> Int in
      let span: Int = dilations[axis] * (kernel[axis] - 1) + 1
      return (x.shape[axis + 2] + before[axis] + after[axis] - span) / strides[axis] + 1
    }
    let taps = ReferenceTensor.indices(kernel)
    let area = kernel.reduce(1, *)
    let image = x.shape[2...].reduce(1, *)
    let depth = weight.shape[1]
    let rowsPerGroup = weight.shape[0] / convolution.groups
    return .generate([x.shape[0], weight.shape[0]] + sizes) { index in
      let row = index[1]
      let first = row / rowsPerGroup * depth
      var sum = bias?.values[row] ?? 0
      for (tap, offset) in taps.enumerated() {
        var place = 0
        var isInside = true
        for axis in 0..<axes {
          let position = index[axis + 2] * strides[axis] + offset[axis] * dilations[axis] - before[axis]
          isInside = isInside && position >= 0 && position < x.shape[axis + 2]
          place = place * x.shape[axis + 2] + position
        }
        guard isInside else { continue }
        for channel in 0..<depth {
          sum +=
            x.values[(index[0] * x.shape[1] + first + channel) * image + place]
            * weight.values[(row * depth + channel) * area + tap]
        }
      }
      return sum
    }
  }

  /// Each input element adds its multiple of the kernel to the result; explicit padding only.
  private func convolve(_ transposed: TransposedConvolution) throws -> ReferenceTensor {
    let (x, weight, bias) = (try argument(0), try argument(1), optional(2))
    let window = transposed.window
    let axes = x.shape.count - 2
    try check(window.padding.rule == .explicit && transposed.outputShape.isEmpty, "has another form")
    try check(x.shape[1] == weight.shape[0] && x.shape[1] % window.groups == 0, "reads other channels")
    let kernel = Array(weight.shape[2...])
    let strides = filled(window.strides, axes, with: 1)
    let dilations = filled(window.dilations, axes, with: 1)
    let before = filled(window.padding.before, axes, with: 0)
    let after = filled(window.padding.after, axes, with: 0)
    let extra = filled(transposed.outputPadding, axes, with: 0)
    let sizes = (0..<axes).map { (axis: Int) -> Int in
      let span: Int = dilations[axis] * (kernel[axis] - 1) + 1
      let whole: Int = (x.shape[axis + 2] - 1) * strides[axis] + extra[axis] + span
      return whole - before[axis] - after[axis]
    }
    let perGroup = weight.shape[1]
    let shape = [x.shape[0], perGroup * window.groups] + sizes
    var result = ReferenceTensor.generate(shape) { bias?.values[$0[1]] ?? 0 }
    let taps = ReferenceTensor.indices(kernel)
    for index in ReferenceTensor.indices(x.shape) {
      let group = index[1] / (x.shape[1] / window.groups)
      for tap in taps {
        let place = (0..<axes).map { (axis: Int) -> Int in
          let start: Int = index[axis + 2] * strides[axis]
          return start + tap[axis] * dilations[axis] - before[axis]
        }
        guard zip(place, sizes).allSatisfy({ (0..<$1).contains($0) }) else { continue }
        for output in 0..<perGroup {
          let target: [Int] = [index[0], group * perGroup + output] + place
          let source: [Int] = [index[1], output] + tap
          result.values[result.position(target)] += x[index] * weight[source]
        }
      }
    }
    return result
  }

  /// Q, K, V of four axes `[N, heads, T, d]`, or three with the heads side by side; keys may serve several query heads.
  private func attend(_ attention: Attention) throws -> ReferenceTensor {
    func headed(_ x: ReferenceTensor, _ heads: Int?) throws -> ReferenceTensor {
      if x.shape.count == 4 { return x }
      guard let heads else { throw failure("has no number of heads") }
      return x.reshaped([x.shape[0], x.shape[1], heads, x.shape[2] / heads]).transposed([0, 2, 1, 3])
    }
    let isFlat = try argument(0).shape.count == 3
    let q = try headed(argument(0), attention.queryHeads)
    let k = try headed(argument(1), attention.keyValueHeads)
    let v = try headed(argument(2), attention.keyValueHeads)
    try check(attention.softCap == 0 && attention.leftWindow < 0 && attention.rightWindow < 0, "has another form")
    let (keys, size) = (k.shape[2], q.shape[3])
    try check(size == k.shape[3] && keys == v.shape[2], "has keys that do not fit")
    let scale = attention.scale ?? 1 / Double(size).squareRoot()
    let serves = q.shape[1] / k.shape[1]
    let mask = optional(3)
    var weights: [[Int]: [Double]] = [:]
    for index in ReferenceTensor.indices(Array(q.shape[..<3])) {
      let line = (0..<keys).map { key -> Double in
        if attention.isCausal && key > index[2] { return -.infinity }
        let product = (0..<size).reduce(0.0) { $0 + q[index + [$1]] * k[[index[0], index[1] / serves, key, $1]] }
        guard let mask else { return product * scale }
        let bias = mask.broadcast(index + [key])
        return mask.isInteger ? (bias == 0 ? -.infinity : product * scale) : product * scale + bias
      }
      weights[index] = Self.softmax(line)
    }
    let y = ReferenceTensor.generate(Array(q.shape[..<3]) + [v.shape[3]]) { index in
      let line = weights[Array(index[..<3])] ?? []
      return (0..<keys).reduce(0) { $0 + line[$1] * v[[index[0], index[1] / serves, $1, index[3]]] }
    }
    guard isFlat else { return y }
    return y.transposed([0, 2, 1, 3]).reshaped([y.shape[0], y.shape[2], y.shape[1] * y.shape[3]])
  }

  static func softmax(_ line: [Double]) -> [Double] {
    let largest = line.max() ?? 0
    let powers = line.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
