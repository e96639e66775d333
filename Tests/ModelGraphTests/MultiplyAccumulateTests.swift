import ModelGraph
import Testing

/// Counts worked out by hand.
@Suite struct MultiplyAccumulateTests {
  private func count(_ op: Operator, _ inputs: [[Int]], type: ElementType = .float32) throws -> Int? {
    let names = inputs.indices.map { "x\($0)" }
    let node = Node(name: "n", op: op, inputs: names, outputs: ["y"])
    let output = try node.outputFacts(of: inputs.map { ValueFact(type, shape: $0) })[0].shape
    var shapes = Dictionary(uniqueKeysWithValues: zip(names, inputs))
    shapes["y"] = output
    return node.multiplyAccumulates(shapes: shapes)
  }

  @Test func convolutions() throws {
    let padded = Padding(before: [1], after: [1])
    #expect(
      try count(.convolution(Convolution(padding: padded, groups: 2)), [[2, 8, 10], [6, 4, 3]]) == 2 * 6 * 10 * 4 * 3)
    #expect(
      try count(.convolution(Convolution()), [[1, 2, 4, 5, 6], [3, 2, 2, 2, 2]]) == 3 * 3 * 4 * 5 * 2 * 8)
    // Each input element meets every weight of its channel once.
    let transposed = TransposedConvolution(window: Convolution(strides: [2, 2], groups: 2))
    #expect(try count(.transposedConvolution(transposed), [[2, 4, 5, 6], [4, 3, 2, 2]]) == 2 * 4 * 5 * 6 * 3 * 4)
    #expect(
      try count(.deformableConvolution(DeformableConvolution()), [[1, 2, 5, 5], [3, 2, 3, 3], [1, 18, 3, 3]])
        == 3 * 9 * 2 * 9)
    #expect(try count(.causalConvolution(CausalConvolution()), [[2, 3, 7], [3, 1, 4]]) == 2 * 3 * 7 * 4)
    #expect(try count(.integerConvolution(Convolution()), [[1, 2, 3, 3], [4, 2, 1, 1]], type: .uint8) == 4 * 9 * 2)
    let one: [Int] = []
    #expect(
      try count(
        .quantizedConvolution(Convolution()), [[1, 2, 3, 3], one, one, [4, 2, 1, 1], one, one, one, one], type: .uint8)
        == 4 * 9 * 2)
  }

  @Test func products() throws {
    #expect(try count(.gemm(Gemm(transposesA: true, transposesB: false)), [[3, 2], [3, 5]]) == 2 * 5 * 3)
    #expect(try count(.matrixProduct, [[7, 1, 2, 3], [4, 3, 5]]) == 7 * 4 * 2 * 5 * 3)
    #expect(try count(.matrixProduct, [[3], [3]]) == 3)
    #expect(try count(.einsum(equation: "bhqd,bhkd->bhqk"), [[2, 3, 4, 5], [2, 3, 6, 5]]) == 2 * 3 * 4 * 6 * 5)
    #expect(try count(.einsum(equation: "ii->i"), [[3, 3]]) == nil)
    #expect(try count(.activation(.relu), [[3, 3]]) == nil)
  }

  @Test func recurrentLayers() throws {
    for (cell, gates) in [(RecurrentCell.lstm, 4), (.gru, 3), (.rnn, 1)] {
      let op = Operator.recurrent(Recurrent(cell: cell, direction: .bidirectional))
      let inputs = [[7, 2, 3], [2, gates * 5, 3], [2, gates * 5, 5]]
      #expect(try count(op, inputs) == 7 * 2 * 2 * gates * 5 * (3 + 5))
    }
  }

  @Test func attention() throws {
    let grouped = Attention(queryHeads: 4, keyValueHeads: 2)
    let flat = try count(.attention(grouped), [[2, 5, 4 * 8], [2, 6, 2 * 8], [2, 6, 2 * 3]])
    #expect(flat == 2 * 4 * 5 * 6 * (8 + 3))
    let split = try count(.attention(Attention()), [[2, 4, 5, 8], [2, 2, 6, 8], [2, 2, 6, 3]])
    #expect(split == flat)
    // Per position: write the state of 2 heads, compare it, and read it with 4 queries.
    let linear = LinearAttention(rule: .delta, queryHeads: 4, keyValueHeads: 2)
    #expect(
      try count(.linearAttention(linear), [[1, 3, 4 * 8], [1, 3, 2 * 8], [1, 3, 2 * 5]]) == 3 * 8 * 5 * (2 + 2 + 4))
  }
}
