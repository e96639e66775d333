import ModelGraph
import Testing

@Suite struct SampleBindingTests {
  private func graph(_ axes: [Dimension], _ nodes: [Node], weights: [String: TensorData] = [:]) -> Graph {
    Graph(
      name: "g", inputs: [ValueInfo(name: "x", shape: axes)], outputs: [ValueInfo(name: "y", shape: [])],
      nodes: nodes, weights: weights)
  }

  private func pool(_ size: Int) -> Node {
    Node(
      name: "pool", op: .averagePool(Pooling(kernel: [size, size], strides: [size, size])), inputs: ["x"],
      outputs: ["y"])
  }

  @Test func oneIsTriedFirst() throws {
    let relu = Node(name: "relu", op: .activation(.relu), inputs: ["x"], outputs: ["y"])
    let free = graph([.symbolic("batch"), .symbolic("length")], [relu])
    #expect(try free.sampleBinding() == ["batch": 1, "length": 1])
    #expect(try free.probes().count == 3)
    #expect(try graph([.fixed(1)], [relu]).probes() == [[:]])
  }

  @Test func imagesGrowUntilTheWindowsFit() throws {
    let image = graph([.symbolic("n"), .fixed(3), .symbolic("height"), .symbolic("width")], [pool(20)])
    #expect(try image.sampleBinding() == ["n": 1, "height": 32, "width": 32])
    let probes = try image.probes()
    #expect(probes.count == 3)
    #expect(probes[1]["n"] == 2 && probes[2]["height"] != probes[2]["width"])
    for binding in probes { _ = try image.facts(binding: binding) }
  }

  /// Only one pair of sizes has the wanted product, so equal sizes do not do.
  @Test func axesMayNeedSizesOfTheirOwn() throws {
    let reshape = Node(name: "r", op: .reshape(allowsZero: false), inputs: ["x", "shape"], outputs: ["y"])
    let product = graph(
      [.symbolic("batch"), .symbolic("a"), .symbolic("b")], [reshape],
      weights: ["shape": TensorData(shape: [2], integers: [8, 8])])
    let binding = try product.sampleBinding()
    #expect((binding["a"] ?? 0) * (binding["b"] ?? 0) == 64)
  }

  @Test func whatNeverFitsSaysWhy() {
    let impossible = graph([.symbolic("batch"), .fixed(3), .fixed(4), .symbolic("w")], [pool(20)])
    let error = #expect(throws: GraphError.self) { try impossible.sampleBinding() }
    #expect(error?.message.contains("'pool'") == true)
  }

  @Test func shapesAreWrittenWithTheirNames() {
    #expect(ValueInfo(name: "x", shape: [.symbolic("batch"), .fixed(3)]).shapeText == "[batch, 3]")
  }
}
