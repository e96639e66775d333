import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// The built-in networks, whose option-A shortcuts pad channels in front and behind.
@Suite struct ResidualNetworkTests {
  @Test func resnet20FallsIntoTwelveGroups() throws {
    let analysis = try ChannelAnalysis(try BuiltinNetworks.graph(named: "resnet20"))
    let ends = (1...3).map { stage in (0..<3).map { "layer\(stage).\($0).conv2" } }
    let expected =
      [ExpectedGroup(["conv1"] + ends[0] + ends[1] + ends[2], 16)]
      + (0..<3).map { ExpectedGroup(["layer1.\($0).conv1"], 16) }
      + [ExpectedGroup(["layer2.0.conv1"], 32), ExpectedGroup(ends[1] + ends[2], 16)]
      + (1..<3).map { ExpectedGroup(["layer2.\($0).conv1"], 32) }
      + [ExpectedGroup(["layer3.0.conv1"], 64), ExpectedGroup(ends[2], 32)]
      + (1..<3).map { ExpectedGroup(["layer3.\($0).conv1"], 64) }
    #expect(analysis.groups.map { ExpectedGroup($0.layers, $0.units.count, name: $0.name) } == expected)
    #expect(analysis.pinnedGroups.map(\.name) == ["linear"])
    #expect(analysis.pinnedGroups.first?.pinned == "it is an output of the network ('logits')")
  }

  /// Channel 0 of the first stream is channel 8 of the second and 24 of the third.
  @Test func aStreamUnitIsShiftedByThePadding() throws {
    let analysis = try ChannelAnalysis(try BuiltinNetworks.graph(named: "resnet20"))
    let slices = try #require(analysis.groups.first?.units.first?.slices)
    func indices(_ weight: String, _ axis: Int) -> [Int]? {
      slices.first { $0.weight == weight && $0.axis == axis }?.indices
    }
    #expect(indices("conv1.weight", 0) == [0])
    #expect(indices("bn1.running_var", 0) == [0])
    #expect(indices("layer1.0.conv1.weight", 1) == [0])
    #expect(indices("layer2.0.conv1.weight", 1) == [0])
    #expect(indices("layer2.0.conv2.weight", 0) == [8])
    #expect(indices("layer3.0.conv1.weight", 1) == [8])
    #expect(indices("layer3.0.bn2.weight", 0) == [24])
    #expect(indices("linear.weight", 1) == [24])
    #expect(indices("layer1.0.conv2.weight", 1) == nil)
    let padded = try #require(analysis.groups.first { $0.name == "layer2.0.conv2" })
    #expect(padded.units.map { $0.slices[0].indices[0] } == Array(0..<8) + Array(24..<32))
  }

  @Test func paddingShrinksWithItsChannels() throws {
    let graph = try BuiltinNetworks.graph(named: "resnet20")
    let analysis = try ChannelAnalysis(graph)
    // Of the 8 + 8 padded channels of layer 2 stay 7 in front and 3 behind.
    let compacted = try analysis.compacted(
      graph, keeping: ["layer2.0.conv2": Array(1..<8) + [8, 10, 12], "conv1": [0, 1, 2, 15]])
    let pads = compacted.nodes.compactMap { node -> [Int64]? in
      guard case .pad = node.op else { return nil }
      return compacted.weights[node.inputs[1]]?.integers
    }
    #expect(pads.map { $0[1] } == [7, 16])
    #expect(pads.map { $0[5] } == [3, 16])
    #expect(compacted.weights["layer2.0.conv2.weight"]?.shape == [14, 32, 3, 3])
    #expect(compacted.weights["linear.weight"]?.shape == [10, 46])
  }

  @Test func compactedEqualsMaskedOnResnet20() throws {
    let graph = TopologyZoo.randomized(try BuiltinNetworks.graph(named: "resnet20"), seed: 2)
    var small = graph
    small.inputs[0].shape = [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)]
    let analysis = try ChannelAnalysis(small)
    let keeping = try RandomSelection.keeping(analysis, seed: 4)
    let input = ReferenceTensor.random(shape: [1, 3, 8, 8], seed: 3)
    let one = try ReferenceExecutor.output(of: analysis.compacted(small, keeping: keeping), input: input)
    let two = try ReferenceExecutor.output(of: analysis.masked(small, keeping: keeping), input: input)
    #expect(one.largestDifference(from: two) < 1e-7)
    #expect(one.values.contains { $0 != 0 })
  }

  /// The cost is linear: the deepest built-in network is analysed and compacted in a blink.
  @Test func resnet110IsQuick() throws {
    let graph = try BuiltinNetworks.graph(named: "resnet110")
    let time = try processorTime {
      let analysis = try ChannelAnalysis(graph)
      #expect(analysis.groups.count == 57)
      let keeping = Dictionary(
        uniqueKeysWithValues: analysis.groups.map { ($0.name, Array(0..<$0.units.count / 2)) })
      let compacted = try analysis.compacted(graph, keeping: keeping)
      #expect(compacted.parameterCount * 3 < graph.parameterCount)
    }
    #expect(time < 10)
  }

  @Test func fashionNetworkMeasuresWithoutWeights() throws {
    let graph = try BuiltinNetworks.graph(named: "fashion-cnn")
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.name) == ["conv1", "conv2", "conv3", "fc1"])
    #expect(try analysis.measure(keeping: [:]).parameters == 1_701_354)
    // conv3 keeps one of 128 channels: 49 columns of fc1 are left of 6272.
    let size = try analysis.measure(keeping: ["conv3": [5]])
    #expect(size.parameters == 1_701_354 - 127 * (64 * 9 + 2 + 49 * 256))
  }
}
