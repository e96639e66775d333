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
}
