import ModelGraph
import TestSupport
import Testing

/// The oracle itself, by small sums done on paper.
@Suite struct ReferenceExecutorTests {
  private func run(_ op: Operator, _ x: ReferenceTensor, _ weights: [ReferenceTensor] = []) throws -> ReferenceTensor {
    let names = weights.indices.map { "w\($0)" }
    let graph = Graph(
      name: "one", inputs: [ValueInfo(name: "x", shape: x.shape.map { .fixed($0) })],
      outputs: [ValueInfo(name: "y", shape: [])],
      nodes: [Node(name: "n", op: op, inputs: ["x"] + names, outputs: ["y"])],
      weights: Dictionary(uniqueKeysWithValues: zip(names, weights.map(\.tensorData))))
    return try ReferenceExecutor.output(of: graph, input: x)
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
    let slice = Slice(axes: [1], starts: [-3], ends: [99], steps: [2])
    #expect(try run(.slice(slice), x).values == [1, 3])
    let pad = Pad(before: [0, 1, 0, 0], after: [0, -2, 0, 0], value: 7)
    #expect(try run(.pad(pad), x).values == [7, 0, 1])
    #expect(try run(.reduceMean(axes: [-3], keepsAxes: false), x) == ReferenceTensor(shape: [1, 1, 1], values: [1.5]))
    let soft = try run(.softmax(axis: 1), x).values
    #expect(abs(soft.reduce(0, +) - 1) < 1e-12 && soft[3] / soft[2] > 2.718 && soft[3] / soft[2] < 2.719)
  }
}
