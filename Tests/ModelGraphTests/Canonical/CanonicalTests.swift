import ModelGraph
import TestSupport
import Testing

/// The canonical form as a whole: the same function under the same names, and nothing left to do.
@Suite struct CanonicalTests {
  static let zoo: [Topology] = (try? TopologyZoo.all()) ?? []

  @Test(arguments: zoo)
  func computesTheSame(_ topology: Topology) throws {
    let canonical = try topology.graph.canonical()
    for (one, two) in zip(try topology.outputs(), try topology.outputs(of: canonical)) {
      #expect(one.largestDifference(from: two) < 1e-12)
    }
    #expect(canonical.inputs.map(\.name) == topology.graph.inputs.map(\.name))
    #expect(canonical.outputs == topology.graph.outputs)
    let nodes = Set(canonical.nodes.map(\.name))
    #expect(nodes.isSuperset(of: topology.groups.flatMap(\.layers)))
    #expect(canonical.parameterCount == topology.graph.parameterCount)
  }

  @Test(arguments: zoo)
  func isItsOwnCanonicalForm(_ topology: Topology) throws {
    let canonical = try topology.graph.canonical()
    #expect(try canonical.canonical() == canonical)
  }

  @Test(arguments: ["resnet20", "lstm", "bi-gru", "transformer-encoder", "mobilenetv2", "conv1d"])
  func builtinNetworksKeepTheirWeights(name: String) throws {
    let graph = try BuiltinNetworks.graph(named: name)
    let canonical = try graph.canonical()
    #expect(canonical.parameterCount == graph.parameterCount)
    #expect(try canonical.canonical() == canonical)
    for (weight, role) in graph.weightRoles() where role != .constant {
      #expect(canonical.weights[weight] == graph.weights[weight], "\(weight)")
    }
  }

  /// PyTorch's x.view(x.size(0), -1) as it is exported: Shape, Gather, Unsqueeze, Concat.
  @Test func computedReshapesBecomeConstants() throws {
    var builder = GraphBuilder("view", seed: 1)
    let input = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(4)])
    let x = builder.convolution("conv", input, inputs: 3, outputs: 5, kernel: 3)
    let size = builder.gather("size", builder.node("sizes", .shape(start: 0, end: nil), x), at: 0, axis: 0)
    let target = builder.concat(
      "target", [builder.unsqueeze("list", size, axes: [0]), builder.integers("rest", [-1])], axis: 0)
    let flat = builder.node("view", .reshape(allowsZero: false), x, target)
    let y = builder.linear("fc", flat, inputs: 20, outputs: 2)
    let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(2)])
    let canonical = try graph.canonical()
    #expect(canonical.nodes.map(\.name) == ["conv", "view", "fc"])
    #expect(canonical.weights[canonical.nodes[1].inputs[1]]?.integers == [0, 20])
    let data = ReferenceTensor.random(shape: [2, 3, 4, 4], seed: 1)
    let difference = try ReferenceExecutor.output(of: graph, input: data)
      .largestDifference(from: ReferenceExecutor.output(of: canonical, input: data))
    #expect(difference == 0)
  }

  /// PyTorch's gates are brought into ONNX's order by slices of the weights; what only the layer reads becomes its weight.
  @Test(arguments: [false, true]) func gatesInAnotherOrderBecomeTheLayersWeights(isShared: Bool) throws {
    var builder = GraphBuilder("gates", seed: 1)
    let x = builder.input("input", [.fixed(3), .symbolic("batch"), .fixed(5)])
    func reordered(_ name: String, _ columns: Int) -> String {
      let weight = builder.uniformWeight("\(name).weight", [16, columns], fanIn: columns)
      let parts = [(0, 4), (12, 16), (4, 12)].enumerated().map { position, rows in
        builder.slice("\(name).part\(position)", weight, axes: [0], starts: [rows.0], ends: [rows.1])
      }
      return builder.unsqueeze("\(name).turned", builder.concat("\(name).joined", parts, axis: 0), axes: [0])
    }
    let (w, r) = (reordered("w", 5), reordered("r", 4))
    let y = builder.node(
      "lstm", .recurrent(Recurrent(cell: .lstm, hiddenSize: 4)), inputs: [x, w, r], outputs: ["out"])[0]
    var last = builder.squeeze("last", y, axes: [1])
    if isShared {
      // The weight itself is read by something else too.
      let again = builder.product("again", x, builder.transpose("turned", "w.weight", [1, 0]))
      last = builder.add("sum", last, builder.reduceMean("mean", again, axes: [2], keepsAxes: true))
    }
    let graph = try builder.finished(output: last, shape: [.fixed(3), .symbolic("batch"), .fixed(4)])
    let canonical = try graph.canonical()
    let lstm = try #require(canonical.nodes.first { $0.name == "lstm" })
    #expect((canonical.weights[lstm.inputs[1]] != nil) == !isShared)
    #expect(canonical.weights[lstm.inputs[2]]?.shape == [1, 16, 4])
    #expect(canonical.parameterCount == graph.parameterCount)
    #expect(try canonical.canonical() == canonical)
    let data = ReferenceTensor.random(shape: [3, 2, 5], seed: 1)
    let difference = try ReferenceExecutor.output(of: graph, input: data)
      .largestDifference(from: ReferenceExecutor.output(of: canonical, input: data))
    #expect(difference < 1e-12)
  }

  /// A size that depends on a free axis stays computed.
  @Test func sizesThatDependOnTheInputStayComputed() throws {
    var builder = GraphBuilder("repeat", seed: 1)
    let input = builder.input("input", [.symbolic("batch"), .symbolic("time"), .fixed(4)])
    let token = builder.constant("token", [1, 1, 4])
    let sizes = builder.node("sizes", .shape(start: 0, end: 2), input)
    let target = builder.concat("target", [sizes, builder.integers("rest", [1])], axis: 0)
    let y = builder.add("add", input, builder.node("expand", .expand, token, target))
    let graph = try builder.finished(
      output: y, shape: [.symbolic("batch"), .symbolic("time"), .fixed(4)])
    #expect(try graph.canonical().nodes == graph.nodes)
  }
}
