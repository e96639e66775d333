import ChannelGroups
import ModelGraph
import Search
import Selection
import StudyModel

/// What plans of a space can give a share of its own, for each of its granularities.
enum StudyGroups {
  /// Throws `CommandError` when nothing can be pruned by a granularity, or a kind of layer is not there at all.
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
      let groups = try summaries(granularity, network, layers, weights.filter { layers.contains($0.layer) })
      guard !groups.isEmpty else {
        throw CommandError(
          .nothingFound, "Nothing of '\(network.name)' can be pruned by granularity '\(granularity.rawValue)'.",
          remedy: "See `coppice inspect` for what is kept and why; widen space.layers, or take another granularity.")
      }
      return groups
    }
  }

  private static func summaries(
    _ granularity: Granularity, _ network: Graph, _ layers: LayerAdmission, _ weights: [PrunableWeight]
  ) throws -> [GroupSummary] {
    switch granularity {
    case .channel, .head, .unit, .layer:
      return try StructuralAnalysis(network, granularity: granularity, excluding: { !layers.contains($0) }).groups.map {
        GroupSummary(name: $0.name, units: $0.units.count, granularity: granularity)
      }
    case .element, .nOfM, .block:
      // A layer with several weights (the gates and the recurrence of an LSTM) has one share.
      var units: [String: Int] = [:]
      for weight in weights { units[weight.layer, default: 0] += weight.count }
      var order: [String] = []
      for weight in weights where !order.contains(weight.layer) { order.append(weight.layer) }
      return order.map { GroupSummary(name: $0, units: units[$0] ?? 0, granularity: granularity) }
    }
  }
}
