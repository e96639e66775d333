import ModelGraph
import Selection
import StudyModel
import Testing

/// A plan that finds nothing is refused with what was looked for, and one that finds something is not.
@Suite struct PrunablePartsTests {
  /// Two convolutions and a linear layer, whose outputs are the network's.
  private func network() throws -> Graph {
    var builder = GraphBuilder("plain", seed: 1)
    var x = builder.input("input", [.symbolic("batch"), .fixed(2), .fixed(6), .fixed(6)])
    x = builder.convolution("conv1", x, inputs: 2, outputs: 4, kernel: 3, padding: 1)
    x = builder.relu("relu1", x)
    x = builder.convolution("conv2", x, inputs: 4, outputs: 6, kernel: 3, padding: 1)
    x = builder.node("flatten", .flatten(axis: 1), x)
    x = builder.linear("fc", x, inputs: 216, outputs: 5)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(5)])
  }

  private func missing(
    _ graph: Graph, _ granularity: Granularity, _ layers: LayerSet = LayerSet()
  ) throws -> SelectionError? {
    do {
      try PrunableParts.check(graph, granularity: granularity, layers: layers)
      return nil
    } catch let error as SelectionError {
      return error
    }
  }

  @Test(arguments: [
    (Granularity.head, ["'head'", "attention heads", "--granularity head"]),
    (.unit, ["units of recurrent layers", "'conv1'", "--granularity unit"]),
    (.layer, ["residual branches", "has none", "--granularity layer"]),
    (.nOfM(kept: 128, of: 256), ["'128:256'", "256 inputs", "'fc.weight' of 5x216"]),
    (.block(rows: 6, columns: 216), ["'block 6x216'", "one block", "'conv1.weight' of 4x2x3x3"]),
  ]) func whatIsNotThereIsNamed(granularity: Granularity, words: [String]) throws {
    let error = try #require(try missing(network(), granularity))
    #expect(error.code == .nothingFound && error.exitCode == .configuration)
    for word in words { #expect("\(error.message) \(error.remedy ?? "")".contains(word), "\(error)") }
  }

  @Test(arguments: [
    Granularity.channel, .element, .nOfM(kept: 2, of: 4), .nOfM(kept: 1, of: 216), .block(rows: 4, columns: 1),
    .block(rows: 5, columns: 18),
  ]) func whatIsThereIsFound(granularity: Granularity) throws {
    #expect(try missing(network(), granularity) == nil)
  }

  /// What feeds an output cannot leave, so a lone layer's channels are none.
  @Test func whatIsPinnedCountsAsNone() throws {
    var builder = GraphBuilder("lone", seed: 1)
    let x = builder.input("input", [.symbolic("batch"), .fixed(8)])
    let y = builder.linear("only", x, inputs: 8, outputs: 5)
    let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(5)])
    let error = try #require(try missing(graph, .channel))
    #expect(error.message.contains("all stay: 'only' ("), "\(error)")
    #expect(try missing(graph, .element) == nil)
  }

  @Test func aLayerSetThatAdmitsNothingIsNamed() throws {
    let graph = try network()
    for granularity in [Granularity.channel, .element, .nOfM(kept: 2, of: 4)] {
      let error = try #require(try missing(graph, granularity, LayerSet(include: ["nothing"])))
      #expect(error.message.contains("layer set") && error.message.contains("'conv1"), "\(error)")
    }
    // The last layer makes the outputs: its weights may become zeros, its channels stay.
    #expect(try missing(graph, .channel, LayerSet(last: 1)) != nil)
    #expect(try missing(graph, .element, LayerSet(last: 1)) == nil)
    #expect(try missing(graph, .nOfM(kept: 2, of: 4), LayerSet(include: ["conv1"])) != nil)
  }
}
