import Foundation
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
      "clip": .clip,
      "add": .elementwise(.add),
      "subtract": .elementwise(.subtract),
      "multiply": .elementwise(.multiply),
      "concat": .concat(axis: -2),
      "slice": .slice,
      "pad": .pad(mode: .constant),
      "flatten-0": .flatten(axis: 0),
      "flatten-2": .flatten(axis: 2),
      "flatten-last": .flatten(axis: -1),
      "reduce-mean": .reduce(Reduction(.mean, keepsAxes: false)),
      "reduce-mean-keeping": .reduce(Reduction(.mean)),
      "softmax": .softmax(axis: 1),
      "identity": .identity,
    ]

    /// Inputs that are constants of a network: limits, positions, amounts, axes.
    static let constants: [String: [TensorData]] = [
      "clip": [TensorData(shape: [], floats: [0]), TensorData(shape: [], floats: [6])],
      "slice": [[1, -2, 0], [1 << 31 - 1, -1, 5], [0, 2, 1], [2, 1, 3]].map(integers),
      "pad": [integers([0, 1, -1, 1, 0, 2]), TensorData(shape: [], floats: [0.5])],
      "reduce-mean": [integers([1, -1])],
      "reduce-mean-keeping": [integers([2, 3])],
    ]

    private static func integers(_ values: [Int]) -> TensorData {
      TensorData(shape: [values.count], integers: values.map(Int64.init))
    }

    @Test(arguments: operators.keys.sorted())
    func matchesONNXRuntime(name: String) throws {
      let goldens = try Goldens("nodes")
      let inputs = try goldens.inputs(of: name)
      let graph = try Self.graph(#require(Self.operators[name]), inputs: inputs, constants: Self.constants[name] ?? [])
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
      let module = try GraphModule(try Self.dropout(x, ratio: 0.5))
      #expect(try module.forward(x, mode: .evaluation).floats == x.floats)
    }

    @Test func dropoutKeepsTheMeanInTraining() throws {
      let x = try Tensor.ones([100, 100])
      let module = try GraphModule(try Self.dropout(x, ratio: 0.25))
      let y = try module.forward(x, mode: .training, dropout: TorchGenerator(seed: 1)).floats
      #expect(Set(y) == [0, Float(4) / 3])
      // 10,000 draws: four standard deviations are 0.0173.
      #expect(abs(Double(y.count { $0 == 0 }) / 10_000 - 0.25) < 0.0173)
      let again = try module.forward(x, mode: .training, dropout: TorchGenerator(seed: 1)).floats
      #expect(again == y)
    }

    @Test func dropoutInTrainingNeedsAGenerator() throws {
      let x = try Tensor.ones([2, 2])
      let module = try GraphModule(try Self.dropout(x, ratio: 0.25))
      let error = try #require(throws: GraphRuntimeError.self) { try module.forward(x, mode: .training) }
      #expect(error.code == .missingGenerator)
    }

    @Test func dropoutTellsWhatItKept() throws {
      let x = try Tensor.full(3, shape: [50, 40])
      var graph = try Self.dropout(x, ratio: 0.5)
      graph.nodes[0].outputs = ["y", "mask"]
      graph.outputs.append(ValueInfo(name: "mask", elementType: .bool, shape: []))
      let module = try GraphModule(graph)
      let results = try module.forward(["x0": x], mode: .training, dropout: TorchGenerator(seed: 2))
      let (y, mask) = (try #require(results["y"]), try #require(results["mask"]))
      #expect(mask.type == .bool)
      #expect(try y.floats == mask.floats.map { $0 * 6 })
      #expect(try Set(mask.floats) == [0, 1])
      let still = try module.forward(["x0": x], mode: .evaluation)
      #expect(try #require(still["mask"]).floats.allSatisfy { $0 == 1 })
    }

    @Test func aFilledTensorHasItsValuesType() throws {
      let value = try TensorData(.int64, shape: [1], bytes: Data(withUnsafeBytes(of: Int64.max) { Array($0) }))
      let shape = try Tensor(int64s: [2, 0, 3], shape: [3])
      for (value, type) in [(value as TensorData?, ScalarType.int64), (nil, .float32)] {
        let module = try GraphModule(Self.graph(.constantOfShape(value: value), inputs: [shape]))
        let empty = try module.forward(shape, mode: .evaluation)
        #expect(empty.shape == [2, 0, 3])
        #expect(empty.type == type)
      }
      let module = try GraphModule(Self.graph(.constantOfShape(value: value), inputs: [shape]))
      let filled = try module.forward(Tensor(int64s: [1, 2, 1], shape: [3]), mode: .evaluation)
      #expect(try filled.int64s == [.max, .max])
    }

    static func dropout(_ x: Tensor, ratio: Float) throws -> Graph {
      try graph(.dropout, inputs: [x], constants: [TensorData(shape: [], floats: [ratio])])
    }

    /// One node; its first input is the network's, the others are weights.
    static func graph(_ op: Operator, inputs: [Tensor], constants: [TensorData] = []) throws -> Graph {
      let values = try inputs.map { try $0.tensorData() } + constants
      let names = values.indices.map { "x\($0)" }
      let weights = Dictionary(uniqueKeysWithValues: zip(names, values).dropFirst())
      let node = Node(name: "node", op: op, inputs: names, outputs: ["y"])
      return Graph(
        name: "one node",
        inputs: [
          ValueInfo(name: "x0", elementType: values[0].elementType, shape: inputs[0].shape.map(Dimension.fixed))
        ],
        outputs: [ValueInfo(name: "y", shape: [])], nodes: [node], weights: weights)
    }
  }
}
