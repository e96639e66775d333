import ModelGraph
import TestSupport
import Testing

/// The oracle itself, by small sums done on paper.
@Suite struct ReferenceExecutorTests {
  private func run(
    _ op: Operator, _ x: ReferenceTensor, _ weights: [ReferenceTensor] = [], absent: Set<Int> = []
  ) throws -> ReferenceTensor {
    let names = weights.indices.map { absent.contains($0 + 1) ? "" : "w\($0)" }
    // As inputs, not as weights: weights are rounded to float32.
    let given = Dictionary(uniqueKeysWithValues: zip(names, weights).filter { !$0.0.isEmpty })
    let infos = given.map { name, tensor in ValueInfo(name: name, shape: tensor.shape.map { .fixed($0) }) }
    let graph = Graph(
      name: "one", inputs: [ValueInfo(name: "x", shape: x.shape.map { .fixed($0) })] + infos,
      outputs: [ValueInfo(name: "y", shape: [])],
      nodes: [Node(name: "n", op: op, inputs: ["x"] + names, outputs: ["y"])], weights: [:])
    let outputs = try ReferenceExecutor.outputs(of: graph, inputs: given.merging(["x": x]) { $1 })
    return try #require(outputs["y"])
  }

  private func counting(_ shape: [Int]) -> ReferenceTensor {
    ReferenceTensor(shape: shape, values: (0..<shape.reduce(1, *)).map(Double.init))
  }

  @Test func convolutionsSlideAndKeepToTheirGroups() throws {
    let ones = ReferenceTensor(shape: [2, 1, 2, 2], values: Array(repeating: 1, count: 8))
    let x = counting([1, 2, 3, 3])
    let grouped = try run(.convolution(Convolution(kernel: [2, 2], groups: 2)), x, [ones])
    #expect(grouped.values == [8, 12, 20, 24, 44, 48, 56, 60])
    let dense = ReferenceTensor(shape: [1, 2, 1, 1], values: [1, 10])
    let strided = try run(
      .convolution(Convolution(kernel: [1, 1], strides: [2, 2], padding: Padding(top: 1))), x, [dense])
    #expect(strided == ReferenceTensor(shape: [1, 1, 2, 2], values: [0, 0, 123, 145]))
  }

  @Test func matricesTurnAndScale() throws {
    let gemm = Gemm(alpha: 2, beta: 3, transposesA: true, transposesB: false)
    let y = try run(
      .gemm(gemm), counting([2, 1]),
      [ReferenceTensor(shape: [2, 2], values: [1, 2, 3, 4]), ReferenceTensor(shape: [2], values: [1, -1])])
    #expect(y == ReferenceTensor(shape: [1, 2], values: [2 * 3 + 3, 2 * 4 - 3]))
  }

  @Test func poolsCountWhatTheyShould() throws {
    let x = counting([1, 1, 2, 2])
    let padded = Pooling(kernel: [2, 2], strides: [2, 2], padding: Padding(all: 1))
    #expect(try run(.maxPool(padded), x).values == [0, 1, 2, 3])
    #expect(try run(.averagePool(padded), x).values == [0, 1, 2, 3])
    var counted = padded
    counted.countsPadding = true
    #expect(try run(.averagePool(counted), x).values == [0, 0.25, 0.5, 0.75])
  }

  @Test func shapesAreReindexed() throws {
    let x = counting([1, 4, 1, 1])
    func list(_ values: Int...) -> ReferenceTensor { ReferenceTensor(shape: [values.count], integers: values) }
    #expect(try run(.slice, x, [list(-3), list(99), list(1), list(2)]).values == [1, 3])
    #expect(try run(.slice, x, [list(-1), list(-99), list(1), list(-2)]).values == [3, 1])
    let seven = ReferenceTensor(shape: [], values: [7])
    #expect(try run(.pad(mode: .constant), x, [list(0, 1, 0, 0, 0, -2, 0, 0), seven]).values == [7, 0, 1])
    #expect(
      try run(.reduce(Reduction(.mean, keepsAxes: false)), x, [list(-3)])
        == ReferenceTensor(shape: [1, 1, 1], values: [1.5]))
    let soft = try run(.softmax(axis: 1), x).values
    #expect(abs(soft.reduce(0, +) - 1) < 1e-12 && soft[3] / soft[2] > 2.718 && soft[3] / soft[2] < 2.719)
  }

  /// `count` numbers at equal distances from `first` to `last`, as torch.linspace.
  private func line(_ first: Double, _ last: Double, _ shape: [Int], order: [Int]? = nil) -> ReferenceTensor {
    let count = shape.reduce(1, *)
    let values = (0..<count).map { first + (last - first) * Double($0) / Double(count - 1) }
    return ReferenceTensor(shape: shape, values: values)
  }

  private func matches(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 2e-6 }
  }

  /// torch.nn.LSTM(1, 2) with weight_ih, weight_hh, bias_ih and bias_hh each linspace(-1, 1) times 0.5, 0.75, 1 and 1.25, from a given
  /// state, for the inputs 0.5, -1 and 2. PyTorch's gates are i f g o, ONNX's i o f g.
  @Test func lstmAgreesWithPyTorch() throws {
    func gates(_ tensor: ReferenceTensor, per gate: Int) -> [Double] {
      [0, 3, 1, 2].flatMap { tensor.values[$0 * gate..<($0 + 1) * gate] }
    }
    let w = ReferenceTensor(shape: [1, 8, 1], values: gates(line(-0.5, 0.5, [8]), per: 2))
    let r = ReferenceTensor(shape: [1, 8, 2], values: gates(line(-0.75, 0.75, [16]), per: 4))
    let b = ReferenceTensor(
      shape: [1, 16], values: gates(line(-1, 1, [8]), per: 2) + gates(line(-1.25, 1.25, [8]), per: 2))
    let h = ReferenceTensor(shape: [1, 1, 2], values: [0.1, -0.2])
    let c = ReferenceTensor(shape: [1, 1, 2], values: [0.3, 0.4])
    let x = ReferenceTensor(shape: [3, 1, 1], values: [0.5, -1, 2])
    let y = try run(
      .recurrent(Recurrent(cell: .lstm)), x, [w, r, b, ReferenceTensor(shape: [0], values: []), h, c], absent: [4])
    #expect(y.shape == [3, 1, 1, 2])
    #expect(matches(y.values, [0.087035, 0.249216, 0.052733, 0.221089, 0.024634, 0.162818]))
  }

  /// torch.nn.GRU(1, 2, bidirectional=True), filled in the same way from its eight tensors in order. PyTorch's gates are r z n, ONNX's
  /// z r n.
  @Test func gruAgreesWithPyTorch() throws {
    func gates(_ scale: Double, _ count: Int, per gate: Int) -> [Double] {
      let tensor = line(-scale, scale, [count])
      return [1, 0, 2].flatMap { tensor.values[$0 * gate..<($0 + 1) * gate] }
    }
    let w = ReferenceTensor(shape: [2, 6, 1], values: gates(0.5, 6, per: 2) + gates(1.5, 6, per: 2))
    let r = ReferenceTensor(shape: [2, 6, 2], values: gates(0.75, 12, per: 4) + gates(1.75, 12, per: 4))
    let b = ReferenceTensor(
      shape: [2, 12],
      values: [1, 1.25, 2, 2.25].flatMap { gates($0, 6, per: 2) })
    let x = ReferenceTensor(shape: [3, 1, 1], values: [0.5, -1, 2])
    let gru = Recurrent(cell: .gru, direction: .bidirectional, linearBeforeReset: true)
    let y = try run(.recurrent(gru), x, [w, r, b])
    let expected = [
      0.415724, 0.340201, 0.824125, 0.478794, 0.393102, 0.478661, 0.450325, 0.328227, 0.698347, 0.634979, 0.806,
      0.189985,
    ]
    #expect(matches(y.values, expected))
  }

  /// torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).
  @Test func attentionAgreesWithPyTorch() throws {
    let y = try run(
      .attention(Attention(isCausal: true)), line(-1, 1, [1, 2, 3, 4]),
      [line(0.5, -1, [1, 2, 3, 4]), line(2, -2, [1, 2, 3, 4])])
    let expected = [
      2.0, 1.826087, 1.652174, 1.478261, 1.605123, 1.43121, 1.257297, 1.083384, 1.262324, 1.088411, 0.914498,
      0.740585, -0.086956, -0.26087, -0.434783, -0.608696, -0.387732, -0.561645, -0.735558, -0.909471, -0.579114,
      -0.753027, -0.92694, -1.100853,
    ]
    #expect(matches(y.values, expected))
  }

  /// torch.nn.ConvTranspose2d(4, 4, (3, 2), stride=2, padding=1, output_padding=1, groups=2), every seventh number.
  @Test func transposedConvolutionsAgreeWithPyTorch() throws {
    let window = Convolution(kernel: [3, 2], strides: [2, 2], padding: Padding(all: 1), groups: 2)
    let op = Operator.transposedConvolution(TransposedConvolution(window: window, outputPadding: [1, 1]))
    let y = try run(op, line(-2, 3, [1, 4, 2, 3]), [line(-1, 1, [4, 2, 3, 2]), line(-1, 1, [4])])
    #expect(y.shape == [1, 4, 4, 5])
    let expected = [
      0.9963, 1.540241, -0.345051, 0.91366, 1.17083, 0.384521, 1.861548, 4.15757, 2.570151, 3.425532, 3.856614,
      4.506013,
    ]
    #expect(matches(stride(from: 0, to: 80, by: 7).map { y.values[$0] }, expected))
  }

  /// torch.nn.functional.group_norm(torch.arange(12.).reshape(1, 4, 3) ** 1.5, 2, weight, bias).
  @Test func groupNormalizationAgreesWithPyTorch() throws {
    let x = counting([1, 4, 3]).map { $0 * $0.squareRoot() }
    let y = try run(
      .groupNormalization(GroupNormalization(groups: 2)), x,
      [ReferenceTensor(shape: [4], values: [1, 2, 3, 4]), ReferenceTensor(shape: [4], values: [0, 1, 0, 1])])
    let expected = [
      -1.19779, -0.942986, -0.477094, 1.252426, 2.681292, 4.302022, -4.210629, -2.671779, -1.018687, 1.988314,
      4.469145, 7.077335,
    ]
    #expect(matches(y.values, expected))
  }

  /// By hand: rows of pairs, a value and its place.
  @Test func elementsMoveWhereTheyShould() throws {
    func list(_ values: Int...) -> ReferenceTensor { ReferenceTensor(shape: [values.count], integers: values) }
    let x = counting([1, 4, 1, 1])
    #expect(try run(.depthToSpace(blockSize: 2, mode: .depthFirst), x).shape == [1, 1, 2, 2])
    let two = counting([1, 8, 1, 1])
    #expect(try run(.depthToSpace(blockSize: 2, mode: .depthFirst), two).values == [0, 2, 4, 6, 1, 3, 5, 7])
    #expect(try run(.depthToSpace(blockSize: 2, mode: .columnFirst), two).values == [0, 1, 2, 3, 4, 5, 6, 7])
    let image = counting([1, 2, 2, 2])
    #expect(try run(.spaceToDepth(blockSize: 2, mode: .depthFirst), image).values == [0, 4, 1, 5, 2, 6, 3, 7])
    #expect(try run(.transpose(permutation: [1, 0]), counting([2, 3])).values == [0, 3, 1, 4, 2, 5])
    #expect(try run(.gather(axis: 1), counting([2, 3]), [list(-1, 0)]).values == [2, 0, 5, 3])
    #expect(try run(.expand, counting([2, 1]), [list(1, 2)]).values == [0, 0, 1, 1])
    #expect(try run(.reshape(allowsZero: false), counting([2, 6]), [list(0, -1, 2)]).shape == [2, 3, 2])
    #expect(throws: ReferenceExecutor.Failure.self) {
      try run(.reshape(allowsZero: false), counting([2, 3]), [list(4, -1)])
    }
    #expect(throws: ReferenceExecutor.Failure.self) { try run(.nonZero, counting([2, 3])) }
  }
}
