import Tensors
import Testing

extension TensorsTests {
  /// Every tensor operator against PyTorch.
  @Suite struct OperatorGoldenTests {
    typealias Operation = @Sendable ([Tensor]) throws -> Tensor

    static let operations: [String: Operation] = elementwise.merging(reductions) { first, _ in first }
      .merging(layers) { first, _ in first }.merging(shapes) { first, _ in first }

    static let elementwise: [String: Operation] = [
      "relu": { try $0[0].relu() },
      "sigmoid": { try $0[0].sigmoid() },
      "tanh": { try $0[0].tanh() },
      "neg": { try $0[0].neg() },
      "abs": { try $0[0].abs() },
      "square": { try $0[0].square() },
      "sqrt": { try $0[0].sqrt() },
      "rsqrt": { try $0[0].rsqrt() },
      "exp": { try $0[0].exp() },
      "log": { try $0[0].log() },
      "sign": { try $0[0].sign() },
      "floor": { try $0[0].floor() },
      "round": { try $0[0].round() },
      "reciprocal": { try $0[0].reciprocal() },
      "leaky-relu": { try $0[0].leakyRelu(slope: 0.2) },
      "clamp": { try $0[0].clamp(-0.5, 0.25) },
      "add": { try $0[0] + $0[1] },
      "sub": { try $0[0] - $0[1] },
      "mul": { try $0[0] * $0[1] },
      "div": { try $0[0] / $0[1] },
      "pow": { try $0[0].pow($0[1]) },
      "pow-number": { try $0[0].pow(1.5) },
      "maximum": { try $0[0].maximum($0[1]) },
      "minimum": { try $0[0].minimum($0[1]) },
      "maximum-number": { try $0[0].maximum(0.3) },
      "comparison": { inputs in
        let (x, y) = (inputs[0], inputs[1])
        return try Tensor.stack([x.eq(y), x.ne(y), x.lt(y), x.le(y), x.gt(y), x.ge(y)])
      },
      "where": { try $0[0].gt(0).select($0[0], else: $0[1]) },
    ]

    static let reductions: [String: Operation] = [
      "sum": { try $0[0].sum([0, 2]) },
      "sum-all": { try $0[0].sum() },
      "mean": { try $0[0].mean([1], keepsAxes: true) },
      "max": { try $0[0].max([2]) },
      "min": { try $0[0].min([0, 1]) },
      "variance": { try $0[0].variance([0, 2], unbiased: false) },
      "variance-unbiased": { try $0[0].variance([0, 2], unbiased: true) },
      "norm-1": { try $0[0].norm(1, [1, 2]) },
      "norm-2": { try $0[0].norm() },
      "norm-infinity": { try $0[0].norm(.infinity, [0], keepsAxes: true) },
      "argmax": { try $0[0].argmax(1) },
      "argmin": { try $0[0].argmin(0) },
      "cumulative-sum": { try $0[0].cumulativeSum(1) },
      "top-k": { try $0[0].topK(2, axis: 1).values },
      "top-k-indices": { try $0[0].topK(2, axis: 1, largest: false).indices },
      "sort": { try $0[0].sorted(axis: 1, descending: true).values },
      "histogram": { try $0[0].histogram(bins: 8, low: -2, high: 2) },
      "bin-count": { try $0[0].binCount(minimumLength: 6) },
    ]

    static let layers: [String: Operation] = [
      "matmul": { try $0[0].matmul($0[1]) },
      "addmm": { try $0[0].addmm($0[1], $0[2], beta: 0.5, alpha: 2) },
      "pairwise-distance": { try $0[0].pairwiseDistance($0[1]) },
      "matrix-rank": { try $0[0].matrixRank() },
      "singular-values": { try $0[0].singularValues() },
      "convolution": {
        try $0[0].convolution(
          weight: $0[1], bias: $0[2], strides: (2, 1), padding: (1, 0), dilations: (1, 2), groups: 2)
      },
      "linear": { try $0[0].linear(weight: $0[1], bias: $0[2]) },
      "batch-norm": {
        try $0[0].batchNorm(
          weight: $0[1], bias: $0[2], mean: $0[3], variance: $0[4], training: false, epsilon: 1e-3)
      },
      "batch-norm-training": {
        try $0[0].batchNorm(
          weight: $0[1], bias: $0[2], mean: $0[3], variance: $0[4], training: true, epsilon: 1e-3)
      },
      "max-pool": { try $0[0].maxPool(kernel: (3, 2), strides: (2, 2), padding: (1, 0), ceilMode: true) },
      "average-pool": {
        try $0[0].averagePool(kernel: (3, 2), strides: (2, 1), padding: (1, 1), countsPadding: true)
      },
      "average-pool-divisor": { try $0[0].averagePool(kernel: (2, 2), strides: (2, 2), divisor: 3) },
      "unfold": { try $0[0].unfold(kernel: (3, 2), strides: (2, 1), padding: (1, 0), dilations: (1, 2)) },
      "softmax": { try $0[0].softmax(1) },
      "log-softmax": { try $0[0].logSoftmax(-1) },
      "cross-entropy": { try $0[0].crossEntropy(labels: $0[1]) },
      "cross-entropy-smoothed": { try $0[0].crossEntropy(labels: $0[1], labelSmoothing: 0.1) },
      "cross-entropy-each": { try $0[0].crossEntropy(labels: $0[1], reduction: .none) },
      "kl-divergence": { try $0[0].klDivergence(target: $0[1], reduction: .sum).div(3) },
      "mean-squared-error": { try $0[0].meanSquaredError($0[1]) },
      "distillation": { try $0[0].distillationLoss(teacher: $0[1], temperature: 4) },
    ]

    static let shapes: [String: Operation] = [
      "reshape": { try $0[0].reshape([4, -1]) },
      "flatten": { try $0[0].flatten() },
      "permute": { try $0[0].permute([2, 0, 1]) },
      "transpose": { try $0[0].transpose(0, 2) },
      "expand": { try $0[0].expand([2, -1, 4]) },
      "concatenate": { try Tensor.cat($0, axis: 1) },
      "stack": { try Tensor.stack($0, axis: 1) },
      "slice": { try $0[0].slice(1, 1, 6, step: 2) },
      "pad": { try $0[0].pad(before: [0, 1], after: [2, -1], value: 1.5) },
      "flip": { try $0[0].flip([1, 2]) },
      "index-select": { try $0[0].indexSelect(1, $0[1]) },
      "index-select-bytes": { try $0[0].takeRows($0[1]) },
      "gather": { try $0[0].gather(1, $0[1]) },
      "one-hot": { try $0[0].oneHot(4) },
    ]

    @Test(arguments: operations.keys.sorted())
    func matchesPyTorch(name: String) throws {
      let goldens = try Goldens("tensors")
      let operation = try #require(Self.operations[name])
      let result = try operation(try goldens.inputs(of: name))
      #expect(try difference(result, goldens.tensor("\(name).out")) < 2e-6)
    }

    @Test func everyGoldenHasACase() throws {
      let cases = try Goldens("tensors").names.filter { $0.hasSuffix(".out") }.map { String($0.dropLast(4)) }.sorted()
      #expect(cases == Self.operations.keys.sorted())
    }

    @Test func byteSelectionKeepsItsType() throws {
      let goldens = try Goldens("tensors")
      let inputs = try goldens.inputs(of: "index-select-bytes")
      #expect(inputs[0].type == .uint8)
      #expect(try inputs[0].takeRows(inputs[1]).type == .uint8)
    }
  }
}
