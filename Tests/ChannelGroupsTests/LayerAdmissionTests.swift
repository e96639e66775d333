import ModelGraph
import Selection
import StudyModel
import Testing

/// Layer sets on a network of three convolutions and two linear layers.
@Suite struct LayerAdmissionTests {
  private func graph() throws -> Graph {
    var builder = GraphBuilder("layers", seed: 1)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(4)])
    for (name, inputs) in [("stem", 3), ("block.conv1", 4), ("block.conv2", 4)] {
      x = builder.relu(
        "\(name).relu",
        builder.batchNormalization(
          "\(name).bn", builder.convolution(name, x, inputs: inputs, outputs: 4, kernel: 1), channels: 4))
    }
    x = builder.flatten("flatten", builder.node("pool", .globalAveragePool, x))
    x = builder.linear("fc1", x, inputs: 4, outputs: 4)
    x = builder.linear("fc2", x, inputs: 4, outputs: 2)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
  }

  @Test(arguments: [
    (LayerSet(), "stem block.conv1 block.conv2 fc1 fc2"),
    (LayerSet(include: ["block.*"]), "block.conv1 block.conv2"),
    (LayerSet(include: ["block.*", "fc?"], exclude: ["*2"]), "block.conv1 fc1"),
    (LayerSet(kinds: ["Gemm"]), "fc1 fc2"),
    (LayerSet(exclude: ["fc2"], kinds: ["Gemm", "Conv"]), "stem block.conv1 block.conv2 fc1"),
    (LayerSet(kinds: ["LSTM"]), ""),
    // Places are 0, 1/4, 1/2, 3/4 and 1.
    (LayerSet(depth: 0...0.5), "stem block.conv1 block.conv2"),
    (LayerSet(depth: 0.3...0.75), "block.conv2 fc1"),
    (LayerSet(depth: 1...1), "fc2"),
    (LayerSet(first: 2), "stem block.conv1"),
    (LayerSet(last: 1), "fc2"),
    (LayerSet(first: 1, last: 2), "stem fc1 fc2"),
    (LayerSet(first: 0), ""),
    (LayerSet(exclude: ["stem"], depth: 0...0.75, first: 2, last: 2), "block.conv1 fc1"),
  ])
  func admits(set: LayerSet, expected: String) throws {
    let graph = try graph()
    let admission = LayerAdmission(set, graph: graph)
    let layers = ["stem", "block.conv1", "block.conv2", "fc1", "fc2"]
    #expect(layers.filter(admission.contains).joined(separator: " ") == expected)
    #expect(graph.prunableWeights(including: admission.contains).map(\.layer).joined(separator: " ") == expected)
  }

  @Test func namesAloneKnowNoPlaces() {
    let admission = LayerAdmission(names: LayerSet(include: ["conv*"], kinds: ["Gemm"], first: 1))
    #expect(admission.contains("conv9") && !admission.contains("fc"))
  }

  @Test func tablesOfEmbeddingsCount() throws {
    var builder = GraphBuilder("words", seed: 1)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3)], type: .int64)
    x = builder.embedding("table", x, count: 10, size: 4)
    x = builder.projection("fc", x, inputs: 4, outputs: 2)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3), .fixed(2)])
    let first = LayerAdmission(LayerSet(first: 1), graph: graph)
    let names = graph.nodes.map(\.name).filter(first.contains)
    #expect(names.count == 1 && names[0].hasPrefix("table"))
  }
}
