import ModelGraph

/// Which axes of labelled values the numbers of shape arithmetic come from, entry by entry.
///
/// Sizes that a Reshape gets for axes of channels are rewritten; a size that goes anywhere else (a scale, a mask's positions)
/// would change its meaning when channels leave, so the axis that it counts has to stay.
struct SizeSources {
  struct Axis: Hashable {
    var value: String
    var axis: Int
  }

  /// Where one number comes from.
  struct Source: Hashable {
    /// The axes that it depends on.
    var axes: Set<Axis> = []
    /// It is the size of its only axis, moved about but not computed with.
    var isSize = false
  }

  /// For each value, for each of its entries, what it depends on.
  var entries: [String: [Source]] = [:]
}

extension Operator {
  /// It reads how large its input is, and not what it holds.
  var readsSizes: Bool {
    switch self {
    case .shape, .size: true
    default: false
    }
  }
}

extension AtomPropagation {
  mutating func traceSizes(_ node: Node) {
    if case .shape(let start, let end) = node.op { return openSizes(node, start: start, end: end) }
    if sizeSources.entries.isEmpty { return }
    let traced = node.inputs.map { sizeSources.entries[$0] }
    guard traced.contains(where: { $0 != nil }) else { return }
    let data = traced.first ?? nil
    var result: [SizeSources.Source]?
    switch node.op {
    case .identity, .cast, .reshape, .squeeze, .unsqueeze, .flatten:
      if case .reshape = node.op, traced.count > 1, let target = traced[1] {
        closeSizes(target, node)
        if data == nil { return }
      }
      if let element = facts[node.outputs[0]]?.elementType, element != .int64, element != .int32 { break }
      result = data
    case .gather:
      if let indices = integers(node, 1), let data {
        result = indices.map { index in
          let place = index < 0 ? index + data.count : index
          return data.indices.contains(place) ? data[place] : SizeSources.Source()
        }
      }
    case .slice:
      if let data, let runs = slicedPositions(node, [data.count])?[0] {
        result = runs.map { data[$0] }
      } else if data == nil {
        for position in 1..<3 where position < traced.count { closeSliceSizes(traced[position], node) }
        return
      }
    case .concat:
      result = zip(node.inputs, traced).flatMap { input, sources in
        sources ?? Array(repeating: SizeSources.Source(), count: shape(input).reduce(1, *))
      }
    case .elementwise, .aggregate, .unary, .select, .reduce, .clip:
      if let element = facts[node.outputs[0]]?.elementType, element == .int64 || element == .int32 {
        let all = traced.compactMap { $0 }.flatMap { $0 }.reduce(into: Set()) { $0.formUnion($1.axes) }
        result = Array(repeating: SizeSources.Source(axes: all), count: shape(node.outputs[0]).reduce(1, *))
      }
    case .expand where data == nil:
      guard let target = traced[1] else { return }
      if !isReadElementwise(node.outputs[0]) { labelFilled(node, target) }
      widenedSizes.append((node, target))
      return
    case .constantOfShape:
      guard let data else { return }
      labelFilled(node, data)
      return pinSources(unwritten(data, node).map(\.source), node)
    default: break
    }
    if let result {
      sizeSources.entries[node.outputs[0]] = result.contains { !$0.axes.isEmpty } ? result : nil
    } else {
      for sources in traced { pinSources(sources ?? [], node) }
    }
  }

  private mutating func openSizes(_ node: Node, start: Int, end: Int?) {
    let x = node.inputs[0]
    let rank = shape(x).count
    func clamped(_ value: Int) -> Int { min(max(value < 0 ? value + rank : value, 0), rank) }
    let first = clamped(start)
    let last = max(clamped(end ?? rank), first)
    let axes = Set((labels[x] ?? []).flatMap(\.axes))
    let entries = (first..<last).map { axis in
      axes.contains(axis)
        ? SizeSources.Source(axes: [SizeSources.Axis(value: x, axis: axis)], isSize: true) : SizeSources.Source()
    }
    if entries.contains(where: { !$0.axes.isEmpty }) { sizeSources.entries[node.outputs[0]] = entries }
  }

  /// An Expand to a size of channels is in order where everyone reads its source instead, or where it has the channels itself.
  mutating func closeWidenedSizes() {
    for (node, target) in widenedSizes {
      let output = node.outputs[0]
      let isBypassed = (consumers[output] ?? []).allSatisfy { position in
        let reader = graph.nodes[position]
        let first = reader.outputs.first { !$0.isEmpty } ?? ""
        return reader.inputs.indices.allSatisfy { reader.inputs[$0] != output || bypasses[first]?[$0] != nil }
      }
      if !isBypassed || graph.outputs.contains(where: { $0.name == output }) { closeSizes(target, node) }
    }
  }

  /// Entries for labelled axes of the output are rewritten.
  private mutating func closeSizes(_ target: [SizeSources.Source], _ node: Node) {
    let others = unwritten(target, node)
    if heads != nil {
      // The elements of a head stay, however their number is computed.
      fixedSizes[node.outputs[0], default: []].formUnion(others.map(\.axis))
    } else {
      pinSources(others.map(\.source), node)
    }
  }

  /// The axes of a node's output without channels whose size in a target is computed from that of channels.
  private func unwritten(
    _ target: [SizeSources.Source], _ node: Node
  ) -> [(axis: Int, source: SizeSources.Source)] {
    let written = Set((labels[node.outputs[0]] ?? []).flatMap(\.axes))
    let shift = shape(node.outputs[0]).count - target.count
    return target.enumerated().map { ($0.offset + shift, $0.element) }
      .filter { !written.contains($0.0) && !$0.1.axes.isEmpty }
  }

  /// A slice of channels gets its limits rewritten, whichever entry they are.
  private mutating func closeSliceSizes(_ limits: [SizeSources.Source]?, _ node: Node) {
    guard let limits else { return }
    let axes = integers(node, 3) ?? Array(limits.indices)
    let rank = shape(node.inputs[0]).count
    let written = Set((labels[node.inputs[0]] ?? []).flatMap(\.axes))
    pinSources(
      zip(limits, axes).filter { !written.contains(normalized($1, rank)) }.map { $0.0 }, node)
  }

  private mutating func pinSources(_ sources: [SizeSources.Source], _ node: Node) {
    for source in sources.reduce(into: Set(), { $0.formUnion($1.axes) }) {
      for label in labels[source.value] ?? [] where label.axes.contains(source.axis) {
        pin(label.atoms, "'\(node.name)' computes with its size")
      }
    }
  }
}
