import GraphRuntime
import ModelGraph
import Tensors
import Testing

extension TensorsTests {
  /// Every kind of graph node against ONNX Runtime.
  @Suite struct NodeGoldenTests {
    static let operators: [String: Operator] = layers.merging(pools) { first, _ in first }.merging(others) { first, _ in
      first
    }

    static let layers: [String: Operator] = [
      "conv-plain": .convolution(Convolution(kernel: [3, 3], padding: Padding(all: 1))),
      "conv-asymmetric": .convolution(
        Convolution(
          kernel: [3, 2], strides: [2, 1], padding: Padding(top: 0, left: 1, bottom: 2, right: 0), dilations: [1, 2])),
      "conv-grouped": .convolution(
        Convolution(kernel: [3, 3], strides: [2, 2], padding: Padding(all: 1), groups: 2)),
      "conv-depthwise": .convolution(Convolution(kernel: [3, 3], padding: Padding(all: 1), groups: 4)),
      "batch-norm": .batchNormalization(BatchNormalization(epsilon: 1e-3)),
      "gemm-linear": .gemm(Gemm()),
      "gemm-scaled": .gemm(Gemm(alpha: 0.5, beta: 2, transposesA: true, transposesB: false)),
      "gemm-no-c": .gemm(Gemm(alpha: 3, transposesB: false)),
      "global-average-pool": .globalAveragePool,
    ]

    static let pools: [String: Operator] = {
      let shapes: [String: Pooling] = [
        "plain": Pooling(kernel: [2, 2], strides: [2, 2]),
        "padded": Pooling(kernel: [3, 3], strides: [2, 2], padding: Padding(all: 1)),
        "ceil": Pooling(kernel: [3, 3], strides: [2, 2], ceilMode: true),
        "ceil-padded": Pooling(
          kernel: [3, 2], strides: [3, 2], padding: Padding(top: 1, bottom: 1), ceilMode: true),
        "asymmetric": Pooling(kernel: [3, 3], strides: [2, 2], padding: Padding(bottom: 1, right: 2)),
        "asymmetric-ceil": Pooling(
          kernel: [3, 2], strides: [2, 3], padding: Padding(top: 1, right: 1), ceilMode: true),
        "uncovered": Pooling(kernel: [2, 2], strides: [3, 3], padding: Padding(top: 1)),
      ]
      var result: [String: Operator] = [:]
      for (label, pooling) in shapes {
        result["max-pool-\(label)"] = .maxPool(pooling)
        result["average-pool-\(label)"] = .averagePool(pooling)
        guard pooling.padding != Padding() else { continue }
        var counting = pooling
        counting.countsPadding = true
        result["average-pool-\(label)-counting"] = .averagePool(counting)
      }
      return result
    }()

    static let others: [String: Operator] = [
      "relu": .activation(.relu),
      "leaky-relu": .activation(.leakyRelu(slope: 0.3)),
      "sigmoid": .activation(.sigmoid),
      "tanh": .activation(.tanh),
      "clip": .activation(.clip(minimum: 0, maximum: 6)),
      "add": .elementwise(.add),
      "subtract": .elementwise(.subtract),
      "multiply": .elementwise(.multiply),
      "concat": .concat(axis: -2),
      "slice": .slice(Slice(axes: [0, 2, 1], starts: [1, -2, 0], ends: [1 << 31 - 1, -1, 5], steps: [2, 1, 3])),
      "pad": .pad(Pad(before: [0, 1, -1], after: [1, 0, 2], value: 0.5)),
      "flatten-0": .flatten(axis: 0),
      "flatten-2": .flatten(axis: 2),
      "flatten-last": .flatten(axis: -1),
      "reduce-mean": .reduceMean(axes: [1, -1], keepsAxes: false),
      "reduce-mean-keeping": .reduceMean(axes: [2, 3], keepsAxes: true),
      "softmax": .softmax(axis: 1),
      "identity": .identity,
    ]

    @Test(arguments: operators.keys.sorted())
    func matchesONNXRuntime(name: String) throws {
      let goldens = try Goldens("nodes")
      let inputs = try goldens.inputs(of: name)
      let graph = try Self.graph(#require(Self.operators[name]), inputs: inputs)
      let expected = try goldens.tensor("\(name).out")
      let result = try GraphModule(graph).forward(inputs[0], mode: .evaluation)
      #expect(try difference(result, expected) < 2e-6)
      // The shapes that pruning plans with are those that run.
      #expect(try graph.shapes()["y"] == expected.shape)
    }

    @Test func everyGoldenHasACase() throws {
      let cases = try Goldens("nodes").names.filter { $0.hasSuffix(".out") }.map { String($0.dropLast(4)) }.sorted()
      #expect(cases == Self.operators.keys.sorted())
    }

    @Test func dropoutIsTheIdentityInEvaluation() throws {
      let x = try TorchGenerator(seed: 1).normal([3, 4])
      let module = try GraphModule(try Self.graph(.dropout(ratio: 0.5), inputs: [x]))
      #expect(try module.forward(x, mode: .evaluation).floats == x.floats)
    }

    @Test func dropoutKeepsTheMeanInTraining() throws {
      let x = try Tensor.ones([100, 100])
      let module = try GraphModule(try Self.graph(.dropout(ratio: 0.25), inputs: [x]))
      let y = try module.forward(x, mode: .training, dropout: TorchGenerator(seed: 1)).floats
      #expect(Set(y) == [0, Float(4) / 3])
      // 10,000 draws: four standard deviations are 0.0173.
      #expect(abs(Double(y.count { $0 == 0 }) / 10_000 - 0.25) < 0.0173)
      let again = try module.forward(x, mode: .training, dropout: TorchGenerator(seed: 1)).floats
      #expect(again == y)
    }

    @Test func dropoutInTrainingNeedsAGenerator() throws {
      let x = try Tensor.ones([2, 2])
      let module = try GraphModule(try Self.graph(.dropout(ratio: 0.25), inputs: [x]))
      let error = try #require(throws: GraphRuntimeError.self) { try module.forward(x, mode: .training) }
      #expect(error.code == .missingGenerator)
    }

    /// One node; its first input is the network's, the others are weights.
    static func graph(_ op: Operator, inputs: [Tensor]) throws -> Graph {
      let names = inputs.indices.map { "x\($0)" }
      var weights: [String: TensorData] = [:]
      for (name, tensor) in zip(names, inputs).dropFirst() { weights[name] = try tensor.tensorData() }
      let node = Node(name: "node", op: op, inputs: names, outputs: ["y"])
      return Graph(
        name: "one node", inputs: [ValueInfo(name: "x0", shape: inputs[0].shape.map(Dimension.fixed))],
        outputs: [ValueInfo(name: "y", shape: [])], nodes: [node], weights: weights)
    }
  }
}
