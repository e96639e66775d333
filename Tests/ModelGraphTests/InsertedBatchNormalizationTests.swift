import ModelGraph
import Support
import TestSupport
import Testing

/// Batch normalisations put back after convolutions that an exporter folded them into, and folded again.
@Suite struct InsertedBatchNormalizationTests {
  /// Two convolutions with biases, as an exporter leaves them, and a linear layer.
  private func folded() throws -> Graph {
    var builder = GraphBuilder("folded", seed: 4)
    var x = builder.input("input", [.symbolic("batch"), .fixed(2), .fixed(5), .fixed(5)])
    x = builder.convolution("conv1", x, inputs: 2, outputs: 3, kernel: 3, padding: 1, bias: true)
    x = builder.relu("relu1", x)
    x = builder.convolution("conv2", x, inputs: 3, outputs: 4, kernel: 3, bias: true)
    x = builder.relu("relu2", x)
    x = builder.node("flatten", .flatten(axis: 1), x)
    x = builder.linear("fc", x, inputs: 36, outputs: 2)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
  }

  /// Any statistics will do: identities hold for all of them.
  private func withStatistics(_ graph: Graph) -> Graph {
    var result = graph
    var generator = SeededGenerator(seed: 9, stream: "statistics")
    for node in graph.nodes {
      guard case .batchNormalization = node.op, let channels = graph.weights[node.inputs[3]]?.elementCount else {
        continue
      }
      result.weights[node.inputs[3]] = TensorData(
        shape: [channels], floats: (0..<channels).map { _ in Float(generator.uniform() - 0.5) })
      result.weights[node.inputs[4]] = TensorData(
        shape: [channels], floats: (0..<channels).map { _ in Float(generator.uniform() * 2 + 0.1) })
    }
    return result
  }

  private func outputs(_ graph: Graph) throws -> [Double] {
    var generator = SeededGenerator(seed: 1, stream: "input")
    let input = ReferenceTensor(shape: [2, 2, 5, 5], values: (0..<100).map { _ in generator.uniform() * 2 - 1 })
    return try ReferenceExecutor.output(of: graph, input: input).values
  }

  private func distance(_ left: [Double], _ right: [Double]) -> Double {
    zip(left, right).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test func insertedOnesChangeNothing() throws {
    let graph = try folded()
    #expect(graph.looksFolded)
    let inserted = withStatistics(graph.insertingBatchNormalizations()).makingInsertedNormalizationsIdentities()
    try inserted.validate()
    #expect(inserted.insertedBatchNormalizations.count == 2)
    #expect(distance(try outputs(inserted), try outputs(graph)) < 1e-6)
  }

  @Test func foldingGivesTheOldStructureBack() throws {
    let graph = try folded()
    let folded = withStatistics(graph.insertingBatchNormalizations()).makingInsertedNormalizationsIdentities()
      .foldingInsertedBatchNormalizations()
    #expect(folded.nodes == graph.nodes)
    #expect(folded.weights.mapValues(\.shape) == graph.weights.mapValues(\.shape))
    #expect(folded.insertedBatchNormalizations.isEmpty)
    #expect(distance(try outputs(folded), try outputs(graph)) < 1e-6)
  }

  @Test func foldingKeepsWhatTrainingMadeOfThem() throws {
    var trained = withStatistics(try folded().insertingBatchNormalizations())
    for name in trained.weights.keys where name.contains("batch-norm.weight") {
      trained.weights[name] = TensorData(
        shape: [trained.weights[name]?.elementCount ?? 0],
        floats: (trained.weights[name]?.floats ?? []).indices.map { 0.3 + Float($0) })
    }
    let before = try outputs(trained)
    #expect(distance(before, try outputs(try folded())) > 1e-2)
    #expect(distance(try outputs(trained.foldingInsertedBatchNormalizations()), before) < 1e-5)
  }

  @Test func headsAndNormalizedConvolutionsStay() throws {
    var builder = GraphBuilder("head")
    var x = builder.input("input", [.symbolic("batch"), .fixed(2), .fixed(5), .fixed(5)])
    x = builder.convolution("normalised", x, inputs: 2, outputs: 3, kernel: 3, bias: true)
    x = builder.batchNormalization("bn", x, channels: 3)
    x = builder.convolution("middle", x, inputs: 3, outputs: 3, kernel: 1, bias: true)
    x = builder.relu("relu", x)
    x = builder.convolution("head", x, inputs: 3, outputs: 2, kernel: 1, bias: true)
    x = builder.node("pool", .globalAveragePool, x)
    x = builder.node("flatten", .flatten(axis: 1), x)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
    #expect(graph.convolutionsWithoutBatchNormalization.map(\.name) == ["middle"])
    #expect(!graph.looksFolded)
  }
}
