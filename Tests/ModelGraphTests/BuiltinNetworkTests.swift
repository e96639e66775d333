import ModelGraph
import Testing

@Suite struct BuiltinNetworkTests {
  /// Parameters by the papers' tables and by hand: convolutions, scales and shifts, and the last layer.
  @Test(arguments: [("fashion-cnn", 1_701_354), ("resnet20", 269_722), ("resnet32", 464_154), ("resnet44", 658_586)])
  func parameters(name: String, count: Int) throws {
    #expect(try BuiltinNetworks.graph(named: name).parameterCount == count)
  }

  @Test func fashionCNNCountsAsWorkedOutByHand() throws {
    let graph = try BuiltinNetworks.graph(named: "fashion-cnn")
    let counts = Dictionary(
      uniqueKeysWithValues: try graph.multiplyAccumulatesByNode().map { ($0.node, $0.count) })
    #expect(
      counts == [
        "conv1": 28 * 28 * 32 * 9, "conv2": 14 * 14 * 64 * 9 * 32, "conv3": 14 * 14 * 128 * 9 * 64,
        "fc1": 128 * 7 * 7 * 256, "fc2": 256 * 10,
      ])
    #expect(try graph.multiplyAccumulates(binding: ["batch": 3]) == 3 * counts.values.reduce(0, +))
  }

  @Test func residualNetworkKeepsItsShapes() throws {
    let graph = try BuiltinNetworks.graph(named: "resnet20")
    let shapes = try graph.shapes(binding: ["batch": 4])
    #expect(shapes["layer1.2.relu2_out"] == [4, 16, 32, 32])
    #expect(shapes["layer2.0.subsample_out"] == [4, 16, 16, 16])
    #expect(shapes["layer2.0.widen_out"] == [4, 32, 16, 16])
    #expect(shapes["layer3.2.relu2_out"] == [4, 64, 8, 8])
    #expect(shapes["logits"] == [4, 10])
  }

  @Test func sameSeedGivesTheSameWeights() throws {
    let first = try BuiltinNetworks.graph(named: "fashion-cnn", seed: 5)
    #expect(try BuiltinNetworks.graph(named: "fashion-cnn", seed: 5) == first)
    #expect(
      try BuiltinNetworks.graph(named: "fashion-cnn", seed: 6).weights["fc2.weight"] != first.weights["fc2.weight"])
    let weight = try #require(first.weights["conv2.weight"]).floats
    let bound = Float(1 / (32 * 9 as Double).squareRoot())
    #expect(weight.allSatisfy { abs($0) <= bound })
    #expect(weight.contains { abs($0) > 0.95 * bound })
  }

  @Test func unknownNameListsTheKnownOnes() throws {
    let error = #expect(throws: GraphError.self) { try BuiltinNetworks.graph(named: "resnet19") }
    #expect(error?.code == .unknownBuiltin)
    #expect(error?.remedy?.contains("resnet20") == true)
  }
}
