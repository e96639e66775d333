/// What is known of a network's values at several sizes of its symbolic axes: what is equal in all does not depend on them.
struct ShapeProbes {
  let facts: [[String: ValueFact]]
  /// Every symbolic axis took at least two sizes; without that, equality says nothing.
  let areTelling: Bool

  /// With `further`, one more size of each axis in step with those before, for what shall hold at all of them.
  init(_ graph: Graph, further: Bool = false) throws {
    var bindings = try graph.probes()
    if further, let first = bindings.first, let last = bindings.last, bindings.count > 1 {
      let middle = bindings[1]
      let next = first.reduce(into: last) { sizes, entry in
        let largest = max(middle[entry.key] ?? 0, last[entry.key] ?? 0)
        sizes[entry.key] = 2 * largest - entry.value
      }
      bindings.append(next)
    }
    facts = try bindings.map { try graph.facts(binding: $0) }
    areTelling = graph.symbolicAxes.allSatisfy { axis in Set(bindings.map { $0[axis] }).count > 1 }
  }

  /// The value itself, where it is the same constant at all sizes.
  func constant(_ name: String) -> TensorData? {
    guard let first = facts.first?[name]?.constant else { return nil }
    return facts.dropFirst().allSatisfy { $0[name]?.constant == first } ? first : nil
  }

  /// The shape at each size; nil where one of them depends on data.
  func shapes(_ name: String) -> [[Int]]? {
    let shapes = facts.compactMap { $0[name]?.shape }
    return shapes.count == facts.count ? shapes : nil
  }

  func elementType(_ name: String) -> ElementType? { facts.first?[name]?.elementType }
}
