import ModelGraph
import TestSupport
import Testing

/// The passes one by one.
@Suite struct CanonicalPassTests {
  private func builder() -> (GraphBuilder, String) {
    var builder = GraphBuilder("pass", seed: 2)
    let input = builder.input("x", [.symbolic("batch"), .fixed(4), .fixed(6)])
    return (builder, input)
  }

  private func finished(_ builder: GraphBuilder, _ y: String) throws -> Graph {
    try builder.finished(output: y, as: "y", shape: [.symbolic("batch"), .fixed(4), .fixed(6)])
  }

  private func expectSame(_ one: Graph, _ two: Graph) throws {
    let x = ReferenceTensor.random(shape: [2, 4, 6], seed: 3)
    let difference = try ReferenceExecutor.output(of: one, input: x)
      .largestDifference(from: ReferenceExecutor.output(of: two, input: x))
    #expect(difference < 1e-6)
  }

  @Test func whatNothingReadsGoes() throws {
    var (builder, x) = builder()
    let unused = builder.scale("unused", x, by: 2)
    _ = builder.add("unused2", unused, unused)
    let parts = builder.node(
      "norm", .layerNormalization(AxisNormalization()), inputs: [x, builder.constant("s", [6])],
      outputs: ["out", "mean", "inverse"])
    _ = builder.weight("orphan", .zeros([3]))
    let y = builder.relu("relu", parts[0])
    let graph = try finished(builder, y)
    let result = graph.removingDeadNodes()
    #expect(result.nodes.map(\.name) == ["norm", "relu"])
    #expect(result.nodes[0].outputs == ["norm_out"])
    #expect(Set(result.weights.keys) == ["s"])
    try expectSame(graph, result)
  }

  @Test func constantsAreComputedButLearnedWeightsKeepTheirNames() throws {
    var (builder, x) = builder()
    let weight = builder.constant("fc.weight", [6, 6])
    // A pruning mask is multiplied in; the turned weight stays the weight it is.
    let masked = builder.multiply("masked", builder.constant("fc2.weight", [6, 6]), builder.constant("mask", [6, 6]))
    let y = builder.product("fc", x, builder.transpose("turned", weight, [1, 0]))
    let z = builder.product("fc2", y, masked)
    let rows = builder.node(
      "rows", .range, builder.weight("from", TensorData(shape: [], integers: [0])),
      builder.weight("to", TensorData(shape: [], integers: [6])),
      builder.weight("by", TensorData(shape: [], integers: [1])))
    let late = builder.node("late", .elementwise(.less), rows, builder.integers("edge", [3]))
    let limited = builder.node("limited", .select, late, z, builder.scalar("zero", 0))
    let graph = try finished(builder, limited)
    let result = try graph.foldingConstants(limit: 1000).removingDeadNodes()
    #expect(result.nodes.map(\.name) == ["turned", "fc", "fc2", "limited"])
    #expect(result.weights["fc.weight"] == graph.weights["fc.weight"])
    #expect(result.weights["masked_out"]?.elementCount == 36)
    #expect(result.weights["late_out"]?.elementType == .bool)
    try expectSame(graph, result)
    #expect(try graph.foldingConstants(limit: 35).nodes.contains { $0.name == "masked" })
  }

  /// A mask made of positions is not learned, although it is added; a kernel of ones that a node fills is.
  @Test func computedMasksAreNotParameters() throws {
    var builder = GraphBuilder("mask", seed: 2)
    let x = builder.input("x", [.symbolic("batch"), .fixed(4), .fixed(6), .fixed(6)])
    let rows = builder.weight("rows", TensorData(shape: [6, 1], integers: [0, 1, 2, 3, 4, 5]))
    let late = builder.node("late", .elementwise(.less), rows, builder.integers("columns", [0, 1, 2, 3, 4, 5]))
    let mask = builder.node("mask", .select, late, builder.scalar("low", -100), builder.scalar("zero", 0))
    let sizes = builder.integers("kernel.sizes", [40, 4, 6, 6])
    let kernel = builder.node("kernel", .constantOfShape(value: TensorData(shape: [1], floats: [0.5])), sizes)
    let y = builder.node("conv", .convolution(Convolution()), builder.add("masked", x, mask), kernel)
    let graph = try builder.finished(
      output: y, as: "y", shape: [.symbolic("batch"), .fixed(40), .fixed(1), .fixed(1)])
    let result = try graph.canonical()
    #expect(result.nodes.map(\.name) == ["masked", "conv"])
    #expect(result.weights["mask_out"]?.floats[1] == -100)
    #expect(result.computedConstants.contains("mask_out"))
    #expect(result.weightRoles()["mask_out"] == .constant)
    #expect(result.weightRoles()["kernel_out"] == .trainable)
    #expect(result.parameterCount == 40 * 4 * 36)
    #expect(try result.canonical() == result)
  }

  @Test func nodesThatChangeNothingGo() throws {
    var (builder, x) = builder()
    var y = builder.node("same", .identity, x)
    y = builder.reshape("reshape", y, [-1, 4, 6])
    y = builder.transpose("transpose", y, [0, 1, 2])
    y = builder.node("cast", .cast(Cast(to: .float32)), y)
    y = builder.slice("slice", y, axes: [1, 2], starts: [0, -6], ends: [Int(Int32.max), 6])
    y = builder.pad("pad", y, before: [0, 0, 0], after: [0, 0, 0])
    y = builder.expand("expand", y, [1, 4, 1])
    y = builder.relu("relu", y)
    let far = Int(Int32.max)
    // These change something, or work in training.
    y = builder.slice("turned", y, axes: [1], starts: [-1], ends: [-far], steps: [-1])
    y = builder.pad("moved", y, before: [0, 1, 0], after: [0, -1, 0])
    y = builder.dropout("dropout", y, ratio: 0.5)
    y = builder.node("last", .identity, y)
    let graph = try finished(builder, y)
    let result = try graph.removingIdentities()
    #expect(result.nodes.map(\.name) == ["relu", "turned", "moved", "dropout"])
    #expect(result.nodes.last?.outputs == ["y"])
    try result.validate()
    try expectSame(graph, result)
  }

  /// An input or another output cannot take an output's name.
  @Test func outputsKeepTheirNames() throws {
    var (builder, x) = builder()
    let y = builder.relu("relu", x)
    let z = builder.node("copy", .identity, y)
    let again = builder.node("input", .identity, x)
    let shape: [Dimension] = [.symbolic("batch"), .fixed(4), .fixed(6)]
    let graph = try builder.finished(
      outputs: [
        (y, ValueInfo(name: "y", shape: shape)), (z, ValueInfo(name: "z", shape: shape)),
        (again, ValueInfo(name: "w", shape: shape)),
      ])
    let result = try graph.removingIdentities()
    #expect(result == graph)
  }

  @Test func reshapesSayTheirSizes() throws {
    var (builder, x) = builder()
    var y = builder.reshape("windows", x, [-1, 2, 6])
    y = builder.reshape("back", y, [-1, 4, 6])
    y = builder.reshape("rows", y, [0, -1])
    y = builder.reshape("whole", y, [-1, 4, 6])
    let graph = try finished(builder, y)
    let result = try graph.simplifyingReshapes()
    let targets = result.nodes.map { result.weights[$0.inputs[1]]?.integers ?? [] }
    #expect(targets == [[-1, 2, 6], [-1, 4, 6], [0, 24], [0, 4, 6]])
    #expect(Set(result.weights.keys) == Set(graph.weights.keys))
    try expectSame(graph, result)
  }

  @Test func statesOfZerosAreLeftOut() throws {
    var builder = GraphBuilder("states", seed: 2)
    let x = builder.input("x", [.fixed(3), .fixed(1), .fixed(4)])
    let zeros = builder.weight("zeros", .zeros([1, 1, 5]))
    let h = builder.constant("h", [1, 1, 5])
    let y = builder.recurrent("lstm", x, .lstm, inputs: 4, hidden: 5, initialH: h, initialC: zeros).sequence
    let graph = try builder.finished(output: y, as: "y", shape: [.fixed(3), .fixed(1), .fixed(1), .fixed(5)])
    let result = graph.removingZeroStates().removingDeadNodes()
    #expect(result.nodes[0].inputs == ["x", "lstm.W", "lstm.R", "lstm.B", "", "h"])
    #expect(result.weights["zeros"] == nil)
  }

  @Test func addedChannelsBecomeABias() throws {
    var builder = GraphBuilder("bias", seed: 2)
    let x = builder.input("x", [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(4)])
    let y = builder.convolution("conv", x, inputs: 3, outputs: 5, kernel: 3, padding: 1)
    let z = builder.add("sum", builder.constant("conv.bias", [1, 5, 1, 1]), y)
    let map = builder.add(
      "map", builder.convolution("second", z, inputs: 5, outputs: 4, kernel: 1),
      builder.constant("image", [1, 1, 4, 4]))
    let graph = try builder.finished(
      output: map, as: "y", shape: [.symbolic("batch"), .fixed(4), .fixed(4), .fixed(4)])
    let result = graph.fusingBias()
    #expect(result.nodes.map(\.name) == ["conv", "second", "map"])
    #expect(result.nodes[0].inputs == ["x", "conv.weight", "conv.bias"])
    #expect(result.weights["conv.bias"]?.shape == [5])
    let data = ReferenceTensor.random(shape: [2, 3, 4, 4], seed: 3)
    let one = try ReferenceExecutor.output(of: graph, input: data)
    #expect(try ReferenceExecutor.output(of: result, input: data).largestDifference(from: one) < 1e-12)
  }
}
