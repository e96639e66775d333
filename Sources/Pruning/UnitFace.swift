import ChannelGroups
import Tensors

extension UnitFace {
  /// Row-major positions of the elements that lie at `indices` of a weight of `shape`.
  func elements(at indices: ArraySlice<Int>, of shape: [Int]) -> [Int] {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    var positions: [Int] = []
    positions.reserveCapacity(outer * indices.count * inner)
    for block in 0..<outer {
      for index in indices {
        let start = (block * shape[axis] + index) * inner
        positions += start..<(start + inner)
      }
    }
    guard let rows else { return positions }
    let stride = shape[(rowAxis + 1)...].reduce(1, *)
    return positions.filter { rows.contains($0 / stride % shape[rowAxis]) }
  }

  /// For each entry the sum over its elements of `value`, a tensor of the weight's shape.
  func sums(of value: Tensor) throws -> [Double] {
    let within = try rows.map { try value.slice(rowAxis, $0) } ?? value
    let others = (0..<within.rank).filter { $0 != axis }
    let marginal = try (others.isEmpty ? within : within.sum(others)).doubles
    return entries.map { entry in entry.indices.reduce(0) { $0 + marginal[$1] } }
  }

  /// For each group one list for each of the weights in `values` that makes its units: the sums over the units'
  /// elements.
  static func layerScores(of groups: [ChannelGroup], summing values: [String: Tensor]) throws -> [String: [LayerScores]]
  {
    var result: [String: [LayerScores]] = [:]
    for group in groups {
      var order: [String] = []
      var sums: [String: [Int: Double]] = [:]
      for face in group.faces where face.isOutput {
        guard let value = values[face.weight] else { continue }
        if sums[face.weight] == nil { order.append(face.weight) }
        for (unit, sum) in zip(face.units, try face.sums(of: value)) {
          sums[face.weight, default: [:]][unit, default: 0] += sum
        }
      }
      result[group.name] = order.map { LayerScores(layer: $0, scores: sums[$0] ?? [:]) }
    }
    return result
  }

  /// The kernels that the groups' units are made of (or that read them), each once, in the network's order.
  static func kernels(of groups: [ChannelGroup], in context: ScoringContext, isOutput: Bool = true) -> [String] {
    let used = Set(groups.flatMap { $0.faces.filter { $0.isOutput == isOutput }.map(\.weight) })
    return context.module.graph.prunableWeights().map(\.weight).filter(used.contains)
  }
}

extension LayerScores {
  /// From scores by unit.
  init(layer: String, scores: [Int: Double]) {
    let units = scores.keys.sorted()
    self.init(layer: layer, units: units, scores: units.map { scores[$0] ?? 0 })
  }
}
