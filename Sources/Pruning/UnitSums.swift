import ChannelGroups
import Tensors

/// Sums of a quantity that every element of a weight has, over what leaves with each unit of a group.
struct UnitSums {
  private struct Face: Hashable {
    let weight: String
    let axis: Int
    let rows: Range<Int>?
    let rowAxis: Int
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
        let face = Face(weight: slice.weight, axis: slice.axis, rows: slice.rows, rowAxis: slice.rowAxis)
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

  /// One sum per unit, of `value(weight)`, a tensor of the weight's shape. One reduction for each covered weight, in double
  /// precision whatever type the weight is held in: half precision would overflow, or make ties of neighbours.
  func sums(_ value: (String) throws -> Tensor) throws -> [Double] {
    var result = [Double](repeating: 0, count: unitCount)
    for face in faces { try add(face, value) { result[$0] += $1 } }
    return result
  }

  /// The same sums for each weight by itself, or for all weights that `named` gives one name.
  func layers(
    named name: (String) -> String = { $0 }, _ value: (String) throws -> Tensor
  ) throws -> [LayerScores] {
    var order: [String] = []
    var totals: [String: [Double?]] = [:]
    for face in faces {
      let layer = name(face.weight)
      var total = totals.removeValue(forKey: layer) ?? []
      if total.isEmpty {
        order.append(layer)
        total = Array(repeating: nil, count: unitCount)
      }
      try add(face, value) { total[$0] = (total[$0] ?? 0) + $1 }
      totals[layer] = total
    }
    return order.map { layer in
      let total = totals[layer] ?? []
      return LayerScores(
        layer: layer, units: total.indices.filter { total[$0] != nil }, scores: total.compactMap { $0 })
    }
  }

  private func add(
    _ face: Face, _ value: (String) throws -> Tensor, to unit: (_ unit: Int, _ part: Double) -> Void
  ) throws {
    var tensor = try value(face.weight).to(.float64)
    if let rows = face.rows { tensor = try tensor.slice(face.rowAxis, rows) }
    let others = (0..<tensor.rank).filter { $0 != face.axis }
    let marginal = try (others.isEmpty ? tensor : tensor.sum(others)).doubles
    for (place, indices) in entries[face] ?? [] {
      for index in indices { unit(place, marginal[index]) }
    }
  }
}
