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
}

extension LayerScores {
  /// From scores by unit.
  init(layer: String, scores: [Int: Double]) {
    let units = scores.keys.sorted()
    self.init(layer: layer, units: units, scores: units.map { scores[$0] ?? 0 })
  }
}
