import ChannelGroups
import Tensors

/// Sums of a quantity that every element of a weight has, over what leaves with each unit of a group.
struct UnitSums {
  private struct Face: Hashable {
    let weight: String
    let axis: Int
    let rows: Range<Int>?
  }

  private let unitCount: Int
  /// For each face of a weight, the units that hold some of its indices.
  private var entries: [Face: [(unit: Int, indices: [Int])]] = [:]
  private var faces: [Face] = []

  /// Covers the producers' slices (rows, biases, normalisation entries) of the weights that satisfy `isCounted`.
  init(_ group: ChannelGroup, weights isCounted: (String) -> Bool) {
    unitCount = group.units.count
    for (position, unit) in group.units.enumerated() {
      for slice in unit.slices where slice.isOutput && isCounted(slice.weight) {
        let face = Face(weight: slice.weight, axis: slice.axis, rows: slice.rows)
        if entries[face] == nil { faces.append(face) }
        entries[face, default: []].append((position, slice.indices))
      }
    }
  }

  /// The weights that are covered, each once.
  var weights: [String] {
    var seen = Set<String>()
    return faces.map(\.weight).filter { seen.insert($0).inserted }
  }

  /// True when every unit has at least one covered slice.
  var coversAllUnits: Bool {
    Set(entries.values.flatMap { $0.map(\.unit) }).count == unitCount
  }

  /// One sum per unit, of `value(weight)`, a tensor of the weight's shape. One reduction for each covered weight, and then
  /// double precision.
  func sums(_ value: (String) throws -> Tensor) throws -> [Double] {
    var result = [Double](repeating: 0, count: unitCount)
    for face in faces {
      var tensor = try value(face.weight)
      if let rows = face.rows { tensor = try tensor.slice(0, rows) }
      let others = (0..<tensor.rank).filter { $0 != face.axis }
      let marginal = try (others.isEmpty ? tensor : tensor.sum(others)).doubles
      for (unit, indices) in entries[face] ?? [] {
        for index in indices { result[unit] += marginal[index] }
      }
    }
    return result
  }
}
