import Foundation
import GraphRuntime
import ModelGraph
import Tensors
import Testing

extension TensorsTests {
  /// Gradients of every differentiable operator against central differences, in float64.
  @Suite struct GradientTests {
    typealias Operation = @Sendable ([Tensor]) throws -> Tensor

    struct Case: Sendable, CustomTestStringConvertible {
      let name: String
      let shapes: [[Int]]
      /// Where the inputs lie: away from kinks and poles.
      var range: ClosedRange<Double> = -1...1
      let operation: Operation
      var testDescription: String { name }
    }

    static let cases: [Case] = [
      Case(name: "relu", shapes: [[3, 4]]) { try $0[0].relu() },
      Case(name: "leaky relu", shapes: [[3, 4]]) { try $0[0].leakyRelu(slope: 0.2) },
      Case(name: "sigmoid", shapes: [[3, 4]]) { try $0[0].sigmoid() },
      Case(name: "tanh", shapes: [[3, 4]]) { try $0[0].tanh() },
      Case(name: "neg", shapes: [[3]]) { try $0[0].neg() },
      Case(name: "abs", shapes: [[3, 4]]) { try $0[0].abs() },
      Case(name: "square", shapes: [[3]]) { try $0[0].square() },
      Case(name: "sqrt", shapes: [[3]], range: 0.5...2) { try $0[0].sqrt() },
      Case(name: "rsqrt", shapes: [[3]], range: 0.5...2) { try $0[0].rsqrt() },
      Case(name: "exp", shapes: [[3]]) { try $0[0].exp() },
      Case(name: "log", shapes: [[3]], range: 0.5...2) { try $0[0].log() },
      Case(name: "reciprocal", shapes: [[3]], range: 0.5...2) { try $0[0].reciprocal() },
      Case(name: "clamp", shapes: [[3, 4]]) { try $0[0].clamp(-0.51, 0.37) },
      Case(name: "add", shapes: [[3, 4], [4]]) { try $0[0] + $0[1] },
      Case(name: "sub", shapes: [[3, 1], [3, 4]]) { try $0[0] - $0[1] },
      Case(name: "mul", shapes: [[3, 4], [3, 1]]) { try $0[0] * $0[1] },
      Case(name: "div", shapes: [[3, 4], [4]], range: 0.5...2) { try $0[0] / $0[1] },
      Case(name: "pow", shapes: [[3], [3]], range: 0.5...2) { try $0[0].pow($0[1]) },
      Case(name: "numbers", shapes: [[3]], range: 0.5...2) { try ($0[0] * 3 + 1 - 2).pow(2.5) / 7 },
      Case(name: "maximum", shapes: [[3, 4], [3, 4]]) { try $0[0].maximum($0[1]) },
      Case(name: "minimum", shapes: [[3, 4], [3, 4]]) { try $0[0].minimum($0[1]) },
      Case(name: "where", shapes: [[3, 4], [3, 4]]) { try $0[0].detach().gt(0.1).select($0[0], else: $0[1]) },
      Case(name: "sum", shapes: [[2, 3]]) { try $0[0].sum([1]) },
      Case(name: "mean", shapes: [[2, 3]]) { try $0[0].mean([0]) },
      Case(name: "max", shapes: [[2, 3]]) { try $0[0].max([1]) },
      Case(name: "variance", shapes: [[2, 5]]) { try $0[0].variance([1], unbiased: true) },
      Case(name: "norm", shapes: [[2, 5]]) { try $0[0].norm(2, [1]) },
      Case(name: "cumulative sum", shapes: [[2, 3]]) { try $0[0].cumulativeSum(1) },
      Case(name: "top k", shapes: [[2, 5]]) { try $0[0].topK(2).values },
      Case(name: "sort", shapes: [[2, 5]]) { try $0[0].sorted().values },
      Case(name: "matmul", shapes: [[3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
      Case(name: "addmm", shapes: [[2], [3, 4], [4, 2]]) { try $0[0].addmm($0[1], $0[2], beta: 2, alpha: 0.5) },
      Case(name: "pairwise distance", shapes: [[3, 4], [2, 4]]) { try $0[0].pairwiseDistance($0[1]) },
      Case(name: "linear", shapes: [[3, 4], [2, 4], [2]]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
      Case(name: "convolution", shapes: [[2, 4, 5, 6], [6, 2, 3, 2], [6]]) {
        try $0[0].convolution(
          weight: $0[1], bias: $0[2], strides: (2, 1), padding: (1, 0), dilations: (1, 2), groups: 2)
      },
      Case(name: "unfold", shapes: [[1, 2, 4, 4]]) {
        try $0[0].unfold(kernel: (2, 2), strides: (2, 1), padding: (0, 1))
      },
      Case(name: "batch norm, training", shapes: [[4, 2, 2, 2], [2], [2]]) {
        try $0[0].batchNorm(weight: $0[1], bias: $0[2], mean: nil, variance: nil, training: true)
      },
      Case(name: "softmax", shapes: [[2, 3]]) { try $0[0].softmax(1) },
      Case(name: "log softmax", shapes: [[2, 3]]) { try $0[0].logSoftmax(1) },
      Case(name: "cross-entropy", shapes: [[3, 4]]) {
        try $0[0].crossEntropy(labels: Tensor(int64s: [0, 3, 1], shape: [3]), labelSmoothing: 0.1)
      },
      Case(name: "KL divergence", shapes: [[3, 4]]) {
        try $0[0].klDivergence(target: Tensor.full(0.25, shape: [3, 4], type: .float64), reduction: .sum)
      },
      Case(name: "mean squared error", shapes: [[3, 4], [3, 4]]) { try $0[0].meanSquaredError($0[1]) },
      Case(name: "distillation", shapes: [[3, 4]]) {
        try $0[0].distillationLoss(
          teacher: Tensor.arange(0..<12, type: .float64).reshape([3, 4]), temperature: 3)
      },
      Case(name: "reshape", shapes: [[2, 6]]) { try $0[0].reshape([3, -1]) },
      Case(name: "permute", shapes: [[2, 3, 4]]) { try $0[0].permute([2, 0, 1]) },
      Case(name: "expand", shapes: [[3, 1]]) { try $0[0].expand([2, 3, 4]) },
      Case(name: "concatenate", shapes: [[2, 3], [2, 1]]) { try Tensor.cat($0, axis: 1) },
      Case(name: "stack", shapes: [[2, 3], [2, 3]]) { try Tensor.stack($0, axis: 1) },
      Case(name: "slice", shapes: [[3, 7]]) { try $0[0].slice(1, 1, 6, step: 2) },
      Case(name: "pad", shapes: [[2, 3]]) { try $0[0].pad(before: [0, 1], after: [2, -1], value: 1.5) },
      Case(name: "flip", shapes: [[2, 3]]) { try $0[0].flip([1]) },
      Case(name: "index select", shapes: [[3, 5]]) {
        try $0[0].indexSelect(1, Tensor(int64s: [3, 0, 3], shape: [3]))
      },
      Case(name: "gather", shapes: [[2, 3]]) { try $0[0].gather(1, Tensor(int64s: [2, 0, 1, 1], shape: [2, 2])) },
      Case(name: "clone", shapes: [[2, 3]]) { try $0[0].clone() },
      Case(name: "channels last", shapes: [[2, 3, 2, 2]]) { try $0[0].contiguous(.channelsLast) },
    ]

    @Test(arguments: cases)
    func matchesCentralDifferences(_ item: Case) throws {
      let inputs = try item.shapes.enumerated().map { position, shape in
        try Self.doubles(
          filled(shape, salt: UInt64(position) + 7, item.range.lowerBound, item.range.upperBound).map(Double.init),
          shape)
      }
      try Self.check(inputs, item.operation)
    }

    @Test(arguments: NodeGoldenTests.operators.keys.sorted())
    func nodesMatchCentralDifferences(name: String) throws {
      let goldens = try Goldens("nodes")
      let op = try #require(NodeGoldenTests.operators[name])
      let inputs = try goldens.inputs(of: name).map { try Self.doubles($0.doubles, $0.shape) }
      let module = try GraphModule(
        NodeGoldenTests.graph(op, inputs: inputs, constants: NodeGoldenTests.constants[name] ?? []))
      // The other inputs are the module's weights; running statistics are no parameters.
      let others = module.parameters.map(\.tensor)
      try Self.check([inputs[0]] + others) { tensors in try module.forward(tensors[0], mode: .evaluation) }
    }

    /// Nodes of the kernel goldens with everything of floating point in float64.
    static let kernels = [
      "conv of one axis", "conv of three axes", "conv SAME_LOWER", "transposed conv with groups",
      "transposed conv uneven", "transposed conv to a shape", "transposed conv of three axes", "MaxPool dilated 1",
      "AveragePool dilated 1", "AveragePool of one axis 1", "AveragePool of three axes 1",
      "average pool dilated and counting", "indices of two axes 0", "gemm with a bias of (3, 1)",
      "gemm with a bias of ()",
      "product of vectors", "layer normalization broadcast", "instance normalization of one place",
      "group normalization", "rms_normalization_3d_axis1_epsilon", "Mean over [-1, 1]", "Prod over all", "L1 over all",
      "L2 over [-1, 1]", "SumSquare over [0]", "LogSumExp over [-1, 1]", "Max over [0]", "pad reflect",
      "pad wrap", "pad edge", "pad cutting", "slice backwards", "gather grid", "gather elements",
      "gather ND in batches", "scatter elements none", "scatter elements add", "scatter ND none", "scatter ND add",
      "scatter ND mul", "compress flat", "split by sizes", "expand both ways", "where_example", "prelu_broadcast",
      "swish", "swiglu", "gelu_tanh_1", "celu", "selu", "softplus", "shrink_soft", "clip above only",
    ]

    @Test(arguments: kernels)
    func kernelsMatchCentralDifferences(name: String) throws {
      let (node, inputs, _) = try LayerGoldens.kernels.get().node(name)
      let isLearned = { (data: TensorData?) in data?.elementType == .float32 }
      var weights: [String: TensorData] = [:]
      var infos: [ValueInfo] = []
      var tensors: [Tensor] = []
      for (input, data) in zip(node.inputs, inputs) {
        guard let data else { continue }
        if isLearned(data) {
          infos.append(ValueInfo(name: input, elementType: .float64, shape: data.shape.map(Dimension.fixed)))
          tensors.append(try Tensor(data).to(.float64))
        } else {
          weights[input] = data
        }
      }
      let output = ValueInfo(name: node.outputs[0], elementType: .float64, shape: [])
      let module = try GraphModule(
        Graph(name: name, inputs: infos, outputs: [output], nodes: [node], weights: weights))
      try Self.check(tensors) { tensors in
        let given = Dictionary(uniqueKeysWithValues: zip(infos.map(\.name), tensors))
        return try #require(module.forward(given, mode: .evaluation)[output.name])
      }
    }

    /// Compares the gradient of a weighted sum of the results with central differences, at up to 24 places of each input.
    private static func check(_ inputs: [Tensor], _ operation: ([Tensor]) throws -> Tensor) throws {
      for input in inputs { try input.requiringGrad() }
      let output = try operation(inputs)
      let weights = try doubles(filled(output.shape, salt: 99).map(Double.init), output.shape)
      try output.mul(weights).sum().backward()
      let step = 1e-6
      for (position, input) in inputs.enumerated() {
        let gradient = try #require(input.grad).doubles
        let values = try input.doubles
        let stride = max(1, values.count / 24)
        for index in Swift.stride(from: 0, to: values.count, by: stride) {
          func value(_ shift: Double) throws -> Double {
            var moved = values
            moved[index] += shift
            try input.copy_(doubles(moved, input.shape))
            return try withoutGradients { try operation(inputs).mul(weights).sum().item() }
          }
          let expected = (try value(step) - value(-step)) / (2 * step)
          #expect(
            abs(gradient[index] - expected) < 1e-6 * max(1, abs(expected)),
            "input \(position) at \(index): \(gradient[index]), by differences \(expected)")
        }
        try input.copy_(doubles(values, input.shape))
      }
    }

    private static func doubles(_ values: [Double], _ shape: [Int]) throws -> Tensor {
      try values.withUnsafeBufferPointer { try Tensor(bytes: Data(buffer: $0), shape: shape, type: .float64) }
    }
  }
}
