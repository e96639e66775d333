import ChannelGroups
import Foundation
import ModelGraph
import TestSupport
import Testing

/// Exclusion, refusals, text, and what belongs to a unit.
@Suite struct ChannelAnalysisTests {
  private func topology(_ name: String) throws -> Topology {
    try #require(try TopologyZoo.all().first { $0.graph.name == name })
  }

  @Test func anExcludedLayerPinsWhatIsTiedToIt() throws {
    let graph = try topology("residual-projection").graph
    let analysis = try ChannelAnalysis(graph, excluding: { $0 == "b" || $0 == "c" })
    #expect(analysis.groups.map(\.name) == ["a", "d"])
    #expect(analysis.pinnedGroups.map(\.name) == ["stem", "c", "fc"])
    #expect(analysis.pinnedGroups.first?.pinned == "layer 'b' is left out")
  }

  @Test func excludingOneSideOfACutPinsBoth() throws {
    let analysis = try ChannelAnalysis(try topology("grouped-concat").graph, excluding: { $0 == "left" })
    #expect(analysis.groups.map(\.name) == ["middle"])
    #expect(analysis.pinnedGroups.map(\.name) == ["left", "right", "fc"])
    #expect(analysis.pinnedGroups[1].pinned?.contains("'middle'") == true)
  }

  @Test func aTensorConcatenatedTwiceIsReadAtBothOffsets() throws {
    let analysis = try ChannelAnalysis(try topology("concat-twice").graph)
    let reads = analysis.groups[0].units[1].slices.filter { !$0.isOutput }
    #expect(reads == [WeightSlice(weight: "conv2.weight", axis: 1, indices: [1, 5], isOutput: false)])
  }

  @Test func flattenedChannelsOwnBlocksOfColumns() throws {
    let analysis = try ChannelAnalysis(try topology("flatten").graph)
    let reads = analysis.groups[0].units[2].slices.filter { !$0.isOutput }
    #expect(reads == [WeightSlice(weight: "fc1.weight", axis: 1, indices: Array(32..<48), isOutput: false)])
  }

  @Test func aDepthwiseChannelOwnsItsMultipliedRows() throws {
    let analysis = try ChannelAnalysis(try topology("depthwise-multiplier").graph)
    let rows = analysis.groups[0].units[3].slices.first { $0.weight == "dw.weight" }
    #expect(rows == WeightSlice(weight: "dw.weight", axis: 0, indices: [6, 7], isOutput: true))
    let compacted = try analysis.compacted(try topology("depthwise-multiplier").graph, keeping: ["conv1": [1, 3]])
    let groups = compacted.nodes.compactMap { node -> Int? in
      if case .convolution(let convolution) = node.op, node.name == "dw" { return convolution.groups }
      return nil
    }
    #expect(groups == [2])
  }

  /// Blocks keep equal counts at different offsets, and each block of the weight gathers its own columns.
  @Test func groupedConvolutionsGatherBlockByBlock() throws {
    let graph = try topology("grouped").graph
    let analysis = try ChannelAnalysis(graph)
    let slice = analysis.groups[0].units[5].slices.first { !$0.isOutput }
    #expect(slice == WeightSlice(weight: "middle.weight", axis: 1, indices: [1], isOutput: false, rows: 6..<9))
    let compacted = try analysis.compacted(graph, keeping: ["conv1": [0, 3, 5, 6]])
    let old = try #require(graph.weights["middle.weight"])
    let new = try #require(compacted.weights["middle.weight"])
    #expect(new.shape == [12, 1, 3, 3])
    for (row, column) in [(0, 0), (2, 0), (3, 1), (6, 1), (9, 0)] {
      let start = (row * 2 + column) * 9
      #expect(Array(new.floats[row * 9..<row * 9 + 9]) == Array(old.floats[start..<start + 9]))
    }
    let error = #expect(throws: ChannelGroupError.self) {
      try analysis.compacted(graph, keeping: ["conv1": [0, 1, 2, 4]])
    }
    #expect(error?.code == .invalidSelection)
    #expect(error?.message.contains("[2, 1, 1, 0]") == true)
  }

  @Test func positionsOfAValueAreFoundAmongTheUnits() throws {
    let analysis = try ChannelAnalysis(try topology("residual-option-a").graph)
    let places = try #require(analysis.units(along: "add2_out", axis: 1))
    #expect(
      places.map { $0.map { analysis.groups[$0.group].name } ?? "-" } == ["b2", "b2"]
        + Array(repeating: "stem", count: 4) + ["b2", "b2"])
    #expect(places.compactMap { $0?.unit } == [0, 1, 0, 1, 2, 3, 2, 3])
    #expect(analysis.units(along: "input", axis: 1) == nil)
  }

  @Test func selectionsThatCannotBeAreRefused() throws {
    let graph = try topology("split").graph
    let analysis = try ChannelAnalysis(graph)
    func code(_ keeping: [String: [Int]]) -> ChannelGroupError.Code? {
      do {
        _ = try analysis.compacted(graph, keeping: keeping)
        return nil
      } catch { return (error as? ChannelGroupError)?.code }
    }
    #expect(code(["conv1": [0, 3]]) == nil)
    #expect(code(["conv1": [3, 4]]) == .emptiedAxis)
    #expect(code(["conv1": []]) == .emptiedAxis)
    #expect(code(["conv1": [3, 0]]) == .invalidSelection)
    #expect(code(["conv1": [0, 3, 8]]) == .invalidSelection)
    #expect(code(["fc": [0]]) == .unknownGroup)
    #expect(code(["nothing": [0]]) == .unknownGroup)
    #expect(throws: ChannelGroupError.self) {
      try analysis.compacted(try topology("plain").graph, keeping: [:])
    }
  }

  @Test func tensorsBesideTheWeightsShrinkWithThem() throws {
    let graph = try topology("grouped").graph
    let analysis = try ChannelAnalysis(graph)
    let keeping = ["conv1": [0, 3, 5, 6], "middle": [0, 2, 3, 4, 7, 8, 9, 10]]
    let momenta = try analysis.compacted(weights: graph.weights, keeping: keeping)
    #expect(momenta == (try analysis.compacted(graph, keeping: keeping)).weights)
    #expect(momenta["middle.weight"]?.shape == [8, 1, 3, 3])
  }

  @Test func aGroupDescribesItself() throws {
    let analysis = try ChannelAnalysis(try topology("concat-twice").graph)
    let text = analysis.groups[0].describe(unitLimit: 1)
    #expect(
      text == """
        conv1: 4 units of conv1
          unit 0:
            conv1.weight axis 0 [0]
            conv1.bn.weight axis 0 [0]
            conv1.bn.bias axis 0 [0]
            conv1.bn.running_mean axis 0 [0]
            conv1.bn.running_var axis 0 [0]
            conv2.weight axis 1 [0, 4] (reads)
          and 3 more units
        """)
  }

  @Test func onlyMatricesAndKernelsLoseSingleElements() throws {
    let graph = try topology("linear-only").graph
    #expect(graph.prunableWeights().map(\.weight) == (1...5).map { "fc\($0).weight" })
    #expect(graph.prunableWeights { $0 != "fc2" }.map(\.layer) == ["fc1", "fc3", "fc4", "fc5"])
    let shared = try topology("shared-weights").graph
    #expect(shared.prunableWeights { $0 != "twin2" }.map(\.weight) == ["left.weight", "right.weight", "fc.weight"])
  }

  /// A convolution of one group that makes, or reads, one channel is no depthwise one: its two sides are not tied.
  @Test func aSingleChannelTiesNothing() throws {
    var builder = GraphBuilder("narrow", seed: 2)
    let input = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(6), .fixed(6)])
    var x = builder.unit("first", input, inputs: 1, outputs: 5)
    x = builder.unit("narrow", x, inputs: 5, outputs: 1)
    x = builder.unit("wide", x, inputs: 1, outputs: 6)
    x = builder.convolution("last", x, inputs: 6, outputs: 2, kernel: 6)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2), .fixed(1), .fixed(1)])
    let analysis = try ChannelAnalysis(graph)
    let all = analysis.groups + analysis.pinnedGroups
    #expect(Set(all.map(\.layers)) == [["first"], ["narrow"], ["wide"], ["last"]])
    #expect(analysis.groups.filter { $0.units.count > 1 }.map(\.name) == ["first", "wide"])
    let keeping = ["first": [0, 2, 4], "wide": [1, 5]]
    let compacted = try analysis.compacted(graph, keeping: keeping)
    #expect(compacted.weights["narrow.weight"]?.shape == [1, 3, 3, 3])
    #expect(compacted.weights["wide.weight"]?.shape == [2, 1, 3, 3])
    let data = ReferenceTensor.random(shape: [2, 1, 6, 6], seed: 1)
    let small = try ReferenceExecutor.output(of: compacted, input: data)
    let large = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: keeping), input: data)
    #expect(small.largestDifference(from: large) < 1e-9)
  }

  /// A filter of zeros still puts out its normalisation's shift, here one half, which the next layer takes times four. Neither
  /// the compacted network nor the masked one has any of it.
  @Test func aFilterOfZerosIsNotGone() throws {
    var builder = GraphBuilder("shifted", seed: 2)
    let input = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(2), .fixed(2)])
    let x = builder.unit("first", input, inputs: 1, outputs: 2, kernel: 1)
    let y = builder.convolution("last", x, inputs: 2, outputs: 1, kernel: 1)
    var graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(1), .fixed(2), .fixed(2)])
    graph.weights["first.weight"] = TensorData(shape: [2, 1, 1, 1], floats: [1, 1])
    graph.weights["first.bn.bias"] = TensorData(shape: [2], floats: [0, 0.5])
    graph.weights["last.weight"] = TensorData(shape: [1, 2, 1, 1], floats: [3, 4])
    let analysis = try ChannelAnalysis(graph)
    let data = ReferenceTensor(shape: [1, 1, 2, 2], values: [1, -1, 2, 0])
    func values(_ graph: Graph) throws -> [Double] { try ReferenceExecutor.output(of: graph, input: data).values }
    func expect(_ found: [Double], _ expected: [Double]) {
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(found)")
    }
    expect(try values(analysis.compacted(graph, keeping: ["first": [0]])), [3, 0, 6, 0])
    expect(try values(analysis.masked(graph, keeping: ["first": [0]])), [3, 0, 6, 0])
    graph.weights["first.weight"] = TensorData(shape: [2, 1, 1, 1], floats: [1, 0])
    expect(try values(graph), [5, 2, 8, 2])
  }
}
