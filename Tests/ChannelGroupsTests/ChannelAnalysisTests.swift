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
}
