import ChannelGroups
import Tensors

/// What the units of one group have in one weight along one axis.
struct UnitFace {
  private struct Key: Hashable {
    let weight: String
    let axis: Int
    let rows: Range<Int>?
    let rowAxis: Int
  }

  let weight: String
  let axis: Int
  /// Only within these indices of `rowAxis`; nil for all.
  let rows: Range<Int>?
  let rowAxis: Int
  /// The units that have a part, ascending, with their indices along `axis`.
  let entries: [(unit: Int, indices: [Int])]

  /// The faces of the slices that count, in the order in which the network reads the weights.
  static func faces(of group: ChannelGroup, where isCounted: (WeightSlice) -> Bool) -> [UnitFace] {
    var order: [Key] = []
    var entries: [Key: [(unit: Int, indices: [Int])]] = [:]
    for (unit, content) in group.units.enumerated() {
      for slice in content.slices where isCounted(slice) {
        let key = Key(weight: slice.weight, axis: slice.axis, rows: slice.rows, rowAxis: slice.rowAxis)
        if entries[key] == nil { order.append(key) }
        entries[key, default: []].append((unit, slice.indices))
      }
    }
    return order.map { key in
      UnitFace(
        weight: key.weight, axis: key.axis, rows: key.rows, rowAxis: key.rowAxis, entries: entries[key] ?? [])
    }
  }

  /// Row-major positions of the elements that lie at `indices` of a weight of `shape`.
  func elements(at indices: [Int], of shape: [Int]) -> [Int] {
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
