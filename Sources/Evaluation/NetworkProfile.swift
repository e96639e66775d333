import GraphRuntime
import ModelGraph
import Profiling
import StudyModel

/// Size, operations by layer and measured latency of one network, beside another one's where one is given.
package struct NetworkProfile: Encodable {
  package struct Layer: Hashable, Sendable, Encodable {
    package var name: String
    /// ONNX's name of the operator.
    package var operation: String
    /// The output's shape for one sample.
    package var output: [Int]
    package var parameters: Int
    package var macs: Int
  }

  package let network: NetworkFigures
  package let baseline: NetworkFigures?
  package let latency: Latency
  package let layers: [Layer]

  /// Measures for some seconds. Throws `EvaluationError(.badArrays)` for a network of another fixed batch.
  package init(_ graph: Graph, baseline: Graph?, latency spec: LatencySpec, seed: UInt64) throws {
    for network in [graph] + (baseline.map { [$0] } ?? []) { try Self.check(spec.batch, fits: network) }
    network = try NetworkFigures(of: graph)
    self.baseline = try baseline.map { try NetworkFigures(of: $0) }
    let module = try GraphModule(graph)
    latency =
      try baseline.map {
        try LatencyProfiler.measure(dense: GraphModule($0), pruned: module, spec: spec, seed: seed)
      } ?? LatencyProfiler.measure(module, spec: spec, seed: seed)
    layers = try Self.layers(of: graph)
  }

  private static func check(_ batch: Int, fits graph: Graph) throws {
    for input in graph.inputs {
      if case .fixed(let size)? = input.shape.first, size != batch {
        throw EvaluationError(
          .badArrays, "The input '\(input.name)' of '\(graph.name)' is for batches of \(size), not of \(batch).",
          remedy: "Profile it with --batch \(size), or export it with a free batch axis.")
      }
    }
  }

  private static func layers(of graph: Graph) throws -> [Layer] {
    let shapes = try graph.shapes()
    let macs = Dictionary(uniqueKeysWithValues: try graph.multiplyAccumulatesByNode().map { ($0.node, $0.count) })
    let roles = graph.weightRoles()
    return graph.nodes.map { node in
      let parameters = node.inputs.reduce(0) { sum, name in
        roles[name]?.isCounted == true ? sum + (graph.weights[name]?.elementCount ?? 0) : sum
      }
      return Layer(
        name: node.name, operation: node.op.onnxName, output: node.outputs.first.flatMap { shapes[$0] } ?? [],
        parameters: parameters, macs: macs[node.name] ?? 0)
    }
  }
}
