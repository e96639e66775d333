import ChannelGroups
import ModelGraph
import Search
import Selection
import StudyModel

/// What plans of a space can give a share of its own, for each of its granularities.
enum StudyGroups {
  /// Throws `SelectionError` when nothing can be pruned by a granularity, `CommandError` when a kind of layer is not there at all.
  static func summaries(of network: Graph, space: SearchSpace) throws -> [GroupSummary] {
    let layers = LayerAdmission(space.layers, graph: network)
    let weights = network.prunableWeights()
    let names = Set(weights.map(\.layer))
    let operators = Set(network.nodes.filter { names.contains($0.name) }.map(\.op.onnxName)).sorted()
    for kind in space.layers.kinds where !operators.contains(kind) {
      throw CommandError(
        .malformedSpec, "space.layers.kinds: no layer of '\(network.name)' that can be pruned is a '\(kind)'.",
        remedy: "The operators are \(operators.joined(separator: ", ")).")
    }
    return try space.granularities.flatMap { granularity in
      let analysis =
        granularity.isStructured
        ? try StructuralAnalysis(network, granularity: granularity, excluding: { !layers.contains($0) }) : nil
      try PrunableParts.check(network, granularity: granularity, layers: space.layers, analysis: analysis)
      return summaries(granularity, analysis, weights.filter { layers.contains($0.layer) })
    }
  }

  private static func summaries(
    _ granularity: Granularity, _ analysis: StructuralAnalysis?, _ weights: [PrunableWeight]
  ) -> [GroupSummary] {
    if let analysis {
      return analysis.groups.map { GroupSummary(name: $0.name, units: $0.units.count, granularity: granularity) }
    }
    // A layer with several weights (the gates and the recurrence of an LSTM) has one share.
    var units: [String: Int] = [:]
    for weight in weights { units[weight.layer, default: 0] += weight.count }
    var order: [String] = []
    for weight in weights where !order.contains(weight.layer) { order.append(weight.layer) }
    return order.map { GroupSummary(name: $0, units: units[$0] ?? 0, granularity: granularity) }
  }
}
