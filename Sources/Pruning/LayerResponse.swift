import ChannelGroups
import ModelGraph
import Selection
import Tensors

/// The value in which a layer shows what its units do, and where each unit lies in it.
///
/// It is what the layer's consumers read: from the layer's output on, over everything that alone reads the value before
/// it and works on each element by itself (batch normalisation, activation, clip, sums and products with weights, a
/// product with a gate made of the value itself). A sum with another branch, a pooling or a reshape is a consumer. A
/// unit that several layers make, a residual stream's say, has a response in each.
struct LayerResponse {
  /// The producing node's name.
  let layer: String
  let value: String
  /// The axes that carry the units; of several, the entries are row-major.
  let axes: [Int]
  /// The axis that grows with the batch.
  let sampleAxis: Int
  /// For each group with units here: the units, and the entries of each.
  let parts: [(group: String, units: [Int], entries: [[Int]])]
}

extension LayerResponse {
  /// The responses of all layers that make units of `groups`, in the network's order.
  ///
  /// The groups may come from an analysis of the same network that leaves layers out.
  static func all(of groups: [ChannelGroup], in graph: Graph) throws -> [LayerResponse] {
    let layers = Set(groups.flatMap(\.layers))
    if layers.isEmpty { return [] }
    let analysis = try ChannelAnalysis(graph)
    // Units are the same ones when they hold the same slices.
    var asked: [ChannelUnit: (group: Int, unit: Int)] = [:]
    for (position, group) in groups.enumerated() {
      for (unit, content) in group.units.enumerated() { asked[content] = (position, unit) }
    }
    // Heads are made of channels: each goes with the unit that holds what makes it.
    var owners: [ProducedEntry: (group: Int, unit: Int)] = [:]
    for (position, group) in groups.enumerated() {
      for (unit, content) in group.units.enumerated() {
        for entry in content.slices.flatMap(ProducedEntry.entries(of:)) { owners[entry] = (position, unit) }
      }
    }
    let known = analysis.groups.map { group in
      group.units.map { unit in
        asked[unit] ?? unit.slices.lazy.flatMap(ProducedEntry.entries(of:)).compactMap { owners[$0] }.first
      }
    }
    let consumers = graph.consumers()
    let outputs = Set(graph.outputs.map(\.name))
    let sampleAxes = try sampleAxes(in: graph)
    var responses: [LayerResponse] = []
    for node in graph.nodes where layers.contains(node.name) {
      guard let first = node.outputs.first(where: { !$0.isEmpty }) else { continue }
      var value = first
      while !outputs.contains(value), let next = continuation(of: value, graph, consumers, analysis) { value = next }
      for label in analysis.unitLabels(of: value) {
        var entries: [Int: [Int: [Int]]] = [:]
        for (entry, place) in label.units.enumerated() {
          guard let place, let found = known[place.group][place.unit] else { continue }
          entries[found.group, default: [:]][found.unit, default: []].append(entry)
        }
        if entries.isEmpty { continue }
        responses.append(
          LayerResponse(
            layer: node.name, value: value, axes: label.axes, sampleAxis: sampleAxes[value] ?? 0,
            parts: entries.keys.sorted().map { group in
              let units = (entries[group] ?? [:]).sorted { $0.key < $1.key }
              return (groups[group].name, units.map(\.key), units.map(\.value))
            }))
      }
    }
    return responses
  }

  /// What the only reader of a value makes of it, if it works element by element and keeps the units where they are.
  private static func continuation(
    of value: String, _ graph: Graph, _ consumers: [String: [Int]], _ analysis: ChannelAnalysis
  ) -> String? {
    let readers = (consumers[value] ?? []).map { graph.nodes[$0] }
    guard let reader = readers.last, let output = reader.outputs.first else { return nil }
    let goesOn: Bool
    if readers.count == 1 {
      goesOn = reader.worksElementwise(on: value, weights: graph.weights)
    } else {
      // x * sigmoid(x), as exporters write Swish.
      let gate = readers[0].outputs.first ?? ""
      goesOn =
        readers.count == 2 && readers[0].worksElementwise(on: value, weights: graph.weights)
        && reader.op == .elementwise(.multiply) && Set(reader.inputs) == [value, gate]
        && consumers[gate]?.count == 1
    }
    guard goesOn else { return nil }
    let (before, after) = (analysis.unitLabels(of: value), analysis.unitLabels(of: output))
    let isSame =
      before.count == after.count && zip(before, after).allSatisfy { $0.axes == $1.axes && $0.units == $1.units }
    return isSame ? output : nil
  }

  /// For each value the first axis whose size depends on the batch, the first axis of the network's first input.
  private static func sampleAxes(in graph: Graph) throws -> [String: Int] {
    guard case .symbolic(let batch)? = graph.inputs.first?.shape.first else { return [:] }
    let binding = try graph.sampleBinding()
    let shapes = try graph.shapes(binding: binding)
    guard let others = try? graph.shapes(binding: binding.merging([batch: (binding[batch] ?? 1) + 1]) { $1 }) else {
      return [:]
    }
    return shapes.reduce(into: [:]) { axes, entry in
      axes[entry.key] = others[entry.key].flatMap { other in
        zip(entry.value, other).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      }
    }
  }
}

/// One index of what a layer makes its outputs with.
private struct ProducedEntry: Hashable {
  let weight: String
  let axis: Int
  let index: Int

  static func entries(of slice: WeightSlice) -> [ProducedEntry] {
    slice.isOutput ? slice.indices.map { ProducedEntry(weight: slice.weight, axis: slice.axis, index: $0) } : []
  }
}

extension Node {
  /// Each element of the result comes from one element of the value and from weights.
  fileprivate func worksElementwise(on value: String, weights: [String: TensorData]) -> Bool {
    let others = inputs.filter { !$0.isEmpty && $0 != value }
    guard inputs.count(where: { $0 == value }) == 1, others.allSatisfy({ weights[$0] != nil }) else { return false }
    if case .elementwise = op { return others.count == 1 }
    guard inputs[0] == value else { return false }
    if case .batchNormalization = op { return true }
    if case .activation = op { return true }
    if case .unary = op { return true }
    return op == .clip || op == .identity || op == .dropout
  }
}

extension LayerResponse {
  /// The value as `[N, K, ...]`: samples, the entries that carry units, and the positions. A first axis that holds
  /// several entries for each sample, windows say, gives its share to the positions.
  func view(_ tensor: Tensor, samples: Int) throws -> Tensor {
    let shape = tensor.shape
    let rest = shape.indices.filter { $0 != sampleAxis && !axes.contains($0) }
    guard !axes.contains(sampleAxis), samples > 0, shape[sampleAxis] % samples == 0 else {
      throw PruningError(
        .unsupportedCriterion,
        "'\(layer)' puts out \(shape), in which \(samples) samples cannot be told apart along axis \(sampleAxis).",
        remedy: "Leave this layer out, or take a criterion that does not look at activations.")
    }
    let entries = axes.reduce(1) { $0 * shape[$1] }
    let parts = shape[sampleAxis] / samples
    let positions = rest.map { shape[$0] }
    let ordered = try tensor.permute([sampleAxis] + axes + rest)
    if parts == 1 { return try ordered.reshape([samples, entries] + positions) }
    let split = try ordered.reshape([samples, parts, entries] + positions)
    return try split.permute([0, 2, 1] + positions.indices.map { $0 + 3 })
  }
}
