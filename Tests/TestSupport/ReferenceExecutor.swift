import Foundation
import ModelGraph

/// Runs a network in evaluation mode by loops over indices, in double precision: slow, plain, and independent of libtorch.
package enum ReferenceExecutor {
  /// All values by name, inputs and weights included. Throws what shape inference throws for a network that does not fit.
  package static func values(
    of graph: Graph, inputs: [String: ReferenceTensor]
  ) throws -> [String: ReferenceTensor] {
    var probe = graph
    for position in probe.inputs.indices {
      guard let input = inputs[probe.inputs[position].name] else { continue }
      probe.inputs[position].shape = input.shape.map { .fixed($0) }
    }
    let shapes = try probe.shapes()
    var values = graph.weights.mapValues { ReferenceTensor($0) }
    values.merge(inputs) { $1 }
    for node in graph.nodes {
      let arguments = node.inputs.map { values[$0] ?? ReferenceTensor(shape: [0], values: []) }
      let output = node.outputs[0]
      values[output] = compute(node.op, arguments, shape: shapes[output] ?? [])
    }
    return values
  }

  /// The first output for a single input.
  package static func output(of graph: Graph, input: ReferenceTensor) throws -> ReferenceTensor {
    let values = try values(of: graph, inputs: [graph.inputs[0].name: input])
    return values[graph.outputs[0].name] ?? ReferenceTensor(shape: [0], values: [])
  }

  private static func compute(_ op: Operator, _ inputs: [ReferenceTensor], shape: [Int]) -> ReferenceTensor {
    let x = inputs[0]
    switch op {
    case .convolution(let convolution): return convolve(convolution, inputs, shape)
    case .batchNormalization(let attributes):
      return .generate(shape) { index in
        let c = [index[1]]
        return (x[index] - inputs[3][c]) / (inputs[4][c] + attributes.epsilon).squareRoot() * inputs[1][c]
          + inputs[2][c]
      }
    case .gemm(let gemm):
      let inner = gemm.transposesA ? x.shape[0] : x.shape[1]
      return .generate(shape) { index in
        var sum = 0.0
        for k in 0..<inner {
          let a = gemm.transposesA ? x[[k, index[0]]] : x[[index[0], k]]
          let b = gemm.transposesB ? inputs[1][[index[1], k]] : inputs[1][[k, index[1]]]
          sum += a * b
        }
        let addend = inputs.count > 2 ? inputs[2].broadcast(index) : 0
        return gemm.alpha * sum + gemm.beta * addend
      }
    case .activation(let function):
      return ReferenceTensor(shape: shape, values: x.values.map { apply(function, $0) })
    case .maxPool(let pooling): return pool(pooling, x, shape) { values, _ in values.max() ?? 0 }
    case .averagePool(let pooling):
      return pool(pooling, x, shape) { values, padded in
        values.reduce(0, +) / Double(pooling.countsPadding ? padded : values.count)
      }
    case .globalAveragePool:
      return mean(x, axes: Array(2..<x.shape.count), shape: shape, keepsAxes: true)
    case .elementwise(let operation):
      return .generate(shape) { index in
        let (a, b) = (x.broadcast(index), inputs[1].broadcast(index))
        switch operation {
        case .add: return a + b
        case .subtract: return a - b
        case .multiply: return a * b
        }
      }
    case .concat(let axis):
      let axis = axis < 0 ? axis + x.shape.count : axis
      return .generate(shape) { index in
        var index = index
        for input in inputs {
          if index[axis] < input.shape[axis] { return input[index] }
          index[axis] -= input.shape[axis]
        }
        return .nan
      }
    case .slice(let slice):
      let taken = x.shape.indices.map {
        slice.positions(axis: $0, size: x.shape[$0], rank: x.shape.count) ?? Array(0..<x.shape[$0])
      }
      return .generate(shape) { index in x[index.indices.map { taken[$0][index[$0]] }] }
    case .pad(let pad):
      return .generate(shape) { index in
        let inside = index.indices.map { index[$0] - pad.before[$0] }
        return inside.indices.allSatisfy { (0..<x.shape[$0]).contains(inside[$0]) } ? x[inside] : Double(pad.value)
      }
    case .flatten: return ReferenceTensor(shape: shape, values: x.values)
    case .reduceMean(let axes, let keepsAxes): return mean(x, axes: axes, shape: shape, keepsAxes: keepsAxes)
    case .softmax(let axis):
      let axis = axis < 0 ? axis + x.shape.count : axis
      return .generate(shape) { index in
        let line = (0..<x.shape[axis]).map { position in
          var other = index
          other[axis] = position
          return x[other]
        }
        let largest = line.max() ?? 0
        return exp(x[index] - largest) / line.reduce(0) { $0 + exp($1 - largest) }
      }
    case .identity, .dropout: return x
    }
  }

  private static func convolve(
    _ convolution: Convolution, _ inputs: [ReferenceTensor], _ shape: [Int]
  ) -> ReferenceTensor {
    let (x, weight) = (inputs[0], inputs[1])
    let (height, width) = (x.shape[2], x.shape[3])
    let (depth, kernelHeight, kernelWidth) = (weight.shape[1], weight.shape[2], weight.shape[3])
    let rowsPerGroup = weight.shape[0] / convolution.groups
    return .generate(shape) { index in
      let row = index[1]
      var sum = inputs.count > 2 ? inputs[2][[row]] : 0
      for channel in 0..<depth {
        let source = row / rowsPerGroup * depth + channel
        for i in 0..<kernelHeight {
          let y = index[2] * convolution.strides[0] + i * convolution.dilations[0] - convolution.padding.top
          guard (0..<height).contains(y) else { continue }
          for j in 0..<kernelWidth {
            let z = index[3] * convolution.strides[1] + j * convolution.dilations[1] - convolution.padding.left
            guard (0..<width).contains(z) else { continue }
            sum +=
              x.values[((index[0] * x.shape[1] + source) * height + y) * width + z]
              * weight.values[((row * depth + channel) * kernelHeight + i) * kernelWidth + j]
          }
        }
      }
      return sum
    }
  }

  /// `combine` gets the values inside the input and the number of places inside the padded input.
  private static func pool(
    _ pooling: Pooling, _ x: ReferenceTensor, _ shape: [Int], _ combine: ([Double], Int) -> Double
  ) -> ReferenceTensor {
    let padding = pooling.padding
    return .generate(shape) { index in
      var values: [Double] = []
      var padded = 0
      for i in 0..<pooling.kernel[0] {
        let y = index[2] * pooling.strides[0] + i - padding.top
        for j in 0..<pooling.kernel[1] {
          let z = index[3] * pooling.strides[1] + j - padding.left
          if y < x.shape[2] + padding.bottom && z < x.shape[3] + padding.right { padded += 1 }
          if (0..<x.shape[2]).contains(y) && (0..<x.shape[3]).contains(z) {
            values.append(x[[index[0], index[1], y, z]])
          }
        }
      }
      return combine(values, padded)
    }
  }

  private static func mean(_ x: ReferenceTensor, axes: [Int], shape: [Int], keepsAxes: Bool) -> ReferenceTensor {
    let reduced = Set(axes.map { $0 < 0 ? $0 + x.shape.count : $0 })
    let count = Double(reduced.reduce(1) { $0 * x.shape[$1] })
    var sums = ReferenceTensor(shape: shape, values: Array(repeating: 0, count: shape.reduce(1, *)))
    _ = ReferenceTensor.generate(x.shape) { index in
      var position = 0
      for axis in x.shape.indices where !reduced.contains(axis) { position = position * x.shape[axis] + index[axis] }
      sums.values[position] += x[index]
      return 0
    }
    sums.values = sums.values.map { $0 / count }
    return sums
  }

  private static func apply(_ function: Activation, _ value: Double) -> Double {
    switch function {
    case .relu: max(value, 0)
    case .leakyRelu(let slope): value < 0 ? value * slope : value
    case .sigmoid: 1 / (1 + exp(-value))
    case .tanh: 1 - 2 / (exp(2 * value) + 1)
    case .clip(let minimum, let maximum): min(max(value, minimum), maximum)
    }
  }
}
