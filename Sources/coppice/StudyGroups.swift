import ChannelGroups
import ModelGraph
import Search
import Selection
import StudyModel
import Support

/// What plans of a space can give a share of its own, for each of its granularities.
enum StudyGroups {
  /// For all spaces of a spec, each part once. Throws `SelectionError` when nothing can be pruned by a granularity, `CommandError`
  /// when a name or a kind of layer is not there at all.
  static func summaries(of network: Graph, spec: StudySpec) throws -> [GroupSummary] {
    var known: Set<SearchSpace> = []
    var found: [GroupSummary] = []
    for space in spec.spaces {
      // What else differs between the plans of a list has no part in their groups.
      let part = SearchSpace(granularities: space.granularities, layers: space.layers)
      guard known.insert(part).inserted else { continue }
      for group in try summaries(of: network, space: part) where !found.contains(group) { found.append(group) }
    }
    return found
  }

  private static func summaries(of network: Graph, space: SearchSpace) throws -> [GroupSummary] {
    let layers = LayerAdmission(space.layers, graph: network)
    let weights = network.prunableWeights()
    let names = Set(weights.map(\.layer))
    let operators = Set(network.nodes.filter { names.contains($0.name) }.map(\.op.onnxName)).sorted()
    for kind in space.layers.kinds where !operators.contains(kind) {
      throw CommandError(
        .malformedSpec,
        "space.layers.kinds: no layer of '\(network.name)' that can be pruned is a '\(kind)'"
          + Spelling.hint(for: kind, among: operators) + ".",
        remedy: "The operators are \(operators.joined(separator: ", ")).")
    }
    let layerNames = weights.map(\.layer)
    for (key, patterns) in [("include", space.layers.include), ("exclude", space.layers.exclude)] {
      for pattern in patterns
      where !layerNames.isEmpty && !layerNames.contains(where: { Glob.matches($0, pattern: pattern) }) {
        throw noSuchLayer(pattern, key, layerNames, network)
      }
    }
    return try space.granularities.flatMap { granularity in
      let analysis =
        granularity.isStructured
        ? try StructuralAnalysis(network, granularity: granularity, excluding: { !layers.contains($0) }) : nil
      try PrunableParts.check(network, granularity: granularity, layers: space.layers, analysis: analysis)
      return summaries(granularity, analysis, weights.filter { layers.contains($0.layer) })
    }
  }

  /// A pattern that matches nothing is a slip, by which other layers would be pruned than was meant.
  private static func noSuchLayer(
    _ pattern: String, _ key: String, _ layers: [String], _ network: Graph
  ) -> CommandError {
    let isOther = network.nodes.contains { Glob.matches($0.name, pattern: pattern) }
    var seen: Set<String> = []
    let names = layers.filter { seen.insert($0).inserted }
    let list = names.prefix(40).joined(separator: ", ") + (names.count > 40 ? " and \(names.count - 40) more" : "")
    return CommandError(
      .malformedSpec,
      "space.layers.\(key): '\(pattern)' matches no layer of '\(network.name)' that has weights to prune"
        + (isOther ? "; it matches only nodes without such weights." : "."),
      remedy: "The layers are \(list); * and ? stand for any text.")
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
