import ChannelGroups
import ModelGraph
import Selection
import StudyModel
import TestSupport
import Testing

/// Which group comes first.
@Suite struct CutOrderTests {
  /// A wide branch and a narrow one from the input to their sum, and a layer behind it.
  private func branches() throws -> Graph {
    var builder = GraphBuilder("branches", seed: 1)
    let x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(6), .fixed(6)])
    let narrow = builder.convolution("narrow", x, inputs: 3, outputs: 4, kernel: 1)
    var wide = builder.convolution("wide1", x, inputs: 3, outputs: 8, kernel: 3, padding: 1)
    wide = builder.convolution("wide2", builder.relu("relu", wide), inputs: 8, outputs: 4, kernel: 3, padding: 1)
    var y = builder.add("sum", narrow, wide)
    y = builder.convolution("last", y, inputs: 4, outputs: 5, kernel: 1)
    return try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(5), .fixed(6), .fixed(6)])
  }

  @Test func theCriticalPathIsTheOneOfMostOperations() throws {
    #expect(try branches().criticalPath() == ["wide1", "relu", "wide2", "sum", "last"])
    // No path of any small network of the zoo, all of them listed, has more.
    for topology in try TopologyZoo.all() where topology.graph.nodes.count <= 30 {
      let graph = topology.graph
      let operations = Dictionary(
        uniqueKeysWithValues: try graph.multiplyAccumulatesByNode().map { ($0.node, $0.count) })
      let makers = Dictionary(
        uniqueKeysWithValues: graph.nodes.enumerated().flatMap { position, node in
          node.outputs.filter { !$0.isEmpty }.map { ($0, position) }
        })
      func longest(_ position: Int) -> Int {
        let node = graph.nodes[position]
        return (operations[node.name] ?? 0) + (node.inputs.compactMap { makers[$0] }.map(longest).max() ?? 0)
      }
      let expected = graph.outputs.compactMap { makers[$0.name] }.map(longest).max() ?? 0
      let path = try graph.criticalPath()
      #expect(path.reduce(0) { $0 + (operations[$1] ?? 0) } == expected, "\(graph.name)")
    }
  }

  @Test func ordersByHand() throws {
    let graph = try branches()
    let items = [
      CutOrder.Item(name: "wide1", layers: ["wide1"]), CutOrder.Item(name: "narrow", layers: ["narrow"]),
      CutOrder.Item(name: "both", layers: ["narrow", "wide2"]),
    ]
    func names(_ order: LayerOrder, costs: [String: Double] = [:]) throws -> [String] {
      try CutOrder.names(order, of: items, in: graph, costs: costs)
    }
    #expect(try names(.allAtOnce) == ["wide1", "narrow", "both"])
    #expect(try names(.bottomUp) == ["wide1", "narrow", "both"])
    #expect(try names(.topDown) == ["both", "narrow", "wide1"])
    #expect(try names(.shallowOnly) == ["wide1", "narrow"])
    #expect(try names(.offCriticalPath) == ["narrow", "wide1", "both"])
    #expect(try names(.leastSensitive, costs: ["both": 0.1, "wide1": 0.5]) == ["both", "wide1", "narrow"])
    #expect(try names(.leastSensitive) == ["wide1", "narrow", "both"])
  }

  @Test func costsPutAccuracyBeforeLoss() {
    let scan = SensitivityScan(entries: [
      .init(group: "a", ratio: 0.5, accuracy: 0.8, loss: 0.5), .init(group: "a", ratio: 0.9, accuracy: 0.1, loss: 2),
      .init(group: "b", ratio: 0.4, accuracy: 0.9, loss: 0.9), .init(group: "c", ratio: 0.5, accuracy: 0.9, loss: 0.4),
      .init(group: "d", ratio: 0.5, accuracy: 0.9, loss: .nan),
    ])
    let costs = scan.costs(at: 0.5)
    let order = costs.sorted { $0.value < $1.value }.map(\.key)
    #expect(order == ["c", "b", "a", "d"])
    #expect(costs.values.allSatisfy { $0.isFinite })
  }
}
