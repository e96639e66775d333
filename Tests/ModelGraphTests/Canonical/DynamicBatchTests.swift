import ModelGraph
import TestSupport
import Testing

/// Networks that were exported for one sample, freed.
@Suite struct DynamicBatchTests {
  /// Those that treat the first axis of their only input as the batch, and nothing but it.
  static let zoo: [Topology] = ((try? TopologyZoo.all()) ?? []).filter { topology in
    topology.statePairs.isEmpty && topology.graph.inputs.allSatisfy { $0.shape.first == .symbolic("batch") }
  }

  /// The network as an exporter writes it for fixed sizes: every reshape names them all.
  private func exported(_ graph: Graph, batch: Int) throws -> Graph {
    let sizes = ["batch": batch, "time": 3, "steps": 3]
    func fixed(_ info: ValueInfo) -> ValueInfo {
      var info = info
      info.shape = info.shape.map { if case .symbolic(let name) = $0 { .fixed(sizes[name] ?? 1) } else { $0 } }
      return info
    }
    var result = graph
    let shapes = try graph.shapes(binding: sizes)
    result.inputs = graph.inputs.map(fixed)
    result.outputs = graph.outputs.map(fixed)
    for (position, node) in graph.nodes.enumerated() {
      guard case .reshape = node.op else { continue }
      let shape = try #require(shapes[node.outputs[0]])
      result.weights["\(node.name).sizes"] = TensorData(shape: [shape.count], integers: shape.map(Int64.init))
      result.nodes[position].inputs[1] = "\(node.name).sizes"
    }
    return result
  }

  @Test(arguments: zoo, [1, 2])
  func freedNetworksTakeAnyBatch(_ topology: Topology, batch: Int) throws {
    let (graph, refusal) = try exported(topology.graph, batch: batch).makingBatchDynamic()
    #expect(refusal == nil)
    #expect(graph.inputs.allSatisfy { $0.shape[0] == .symbolic("batch") })
    #expect(graph.outputs.allSatisfy { $0.shape[0] == .symbolic("batch") })
    for (one, two) in zip(try topology.outputs(batch: 5), try topology.outputs(of: graph, batch: 5)) {
      #expect(one.largestDifference(from: two) < 1e-12)
    }
  }

  private func refusal(_ body: (inout GraphBuilder, String) -> String) throws -> String? {
    var builder = GraphBuilder("fixed", seed: 1)
    let x = builder.input("x", [.fixed(1), .fixed(4), .fixed(6)])
    let y = body(&builder, x)
    let graph = try builder.finished(output: y, shape: [])
    let (result, reason) = try graph.makingBatchDynamic()
    #expect(result == graph)
    return reason
  }

  @Test func samplesThatMeetKeepTheBatchFixed() throws {
    #expect(try refusal { $0.gather("first", $1, at: 0, axis: 0) }?.contains("'first'") == true)
    #expect(try refusal { $0.reduceMean("mean", $1, axes: [0], keepsAxes: true) }?.contains("'mean'") == true)
    // A constant beside the sample, which would have to be repeated.
    #expect(
      try refusal { $0.concat("all", [$0.constant("token", [1, 1, 6]), $1], axis: 1) }?.contains("'all'") == true)
    #expect(try refusal { $0.squeeze("one", $1, axes: [0]) }?.contains("'one'") == true)
  }

  @Test func freeNetworksStayAsTheyAre() throws {
    let graph = try BuiltinNetworks.graph(named: "conv1d")
    let (result, reason) = try graph.makingBatchDynamic()
    #expect(result == graph && reason == nil)
  }

  /// A network that was exported for a fixed time, which comes first, and any batch, as PyTorch writes bidirectional layers: its
  /// target leaves the batch over, and zeros in targets mean nothing there.
  @Test(arguments: [[7, -1, 12], [-1, 6]])
  func axesThatWereOpenStayOpen(target: [Int]) throws {
    var builder = GraphBuilder("time-first", seed: 1)
    var x = builder.input("x", [.fixed(7), .symbolic("batch"), .fixed(6)])
    if target.count == 3 {
      x = builder.node(
        "swap", .transpose(permutation: [0, 2, 1, 3]),
        builder.recurrent("layer", x, .gru, inputs: 6, hidden: 6, direction: .bidirectional).sequence)
    }
    x = builder.node("merge", .reshape(allowsZero: true), x, builder.integers("sizes", target))
    let y = builder.relu("relu", x)
    let graph = try builder.finished(output: y, shape: [])
    let (result, _) = try graph.makingBatchDynamic()
    for batch in [1, 3] {
      let values = (0..<7 * batch * 6).map { Double($0 % 11) - 5 }
      let input = ReferenceTensor(shape: [7, batch, 6], values: values)
      let expected = try ReferenceExecutor.outputs(of: graph, inputs: ["x": input])[y]
      let found = try ReferenceExecutor.outputs(of: result, inputs: ["x": input])[y]
      #expect(found?.shape == expected?.shape && found?.values == expected?.values)
    }
  }

  /// Two sizes that follow from the input cannot both be left over.
  @Test func aSizeThatIsOpenIsNotTakenForANumber() throws {
    var builder = GraphBuilder("merged", seed: 1)
    let x = builder.input("x", [.fixed(2), .symbolic("time"), .fixed(6)])
    let swapped = builder.transpose("swap", x, [1, 0, 2])
    let y = builder.reshape("merge", builder.transpose("back", swapped, [1, 2, 0]), [12, -1])
    let graph = try builder.finished(output: y, shape: [])
    let (result, reason) = try graph.makingBatchDynamic()
    #expect(result == graph)
    #expect(reason?.contains("'merge' (Reshape) leaves the size of axis 1 open beside") == true)
  }
}
