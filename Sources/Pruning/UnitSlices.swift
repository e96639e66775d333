import ChannelGroups
import Tensors

/// The kernels' weights that make each unit of a group, layer by layer, as plain numbers.
struct UnitSlices {
  /// What one layer's kernel gives to the units that it makes.
  struct Layer {
    let weight: String
    /// The units, in the order of the rows.
    let units: [Int]
    /// One row of weights for each of `units`, in double precision; rows may differ in length.
    let rows: [[Double]]

    /// One score for each unit, of its row.
    func scores(_ score: ([Double]) throws -> Double) rethrows -> LayerScores {
      LayerScores(layer: weight, units: units, scores: try rows.map(score))
    }
  }

  let slices: [Layer]

  /// Reads the producers' slices of convolutions' and matrix products' weights. Linear in their elements.
  init(_ group: ChannelGroup, in context: ScoringContext) throws {
    struct Key: Hashable {
      let weight: String
      let axis: Int
      let rows: Range<Int>?
      let rowAxis: Int
    }
    var order: [Key] = []
    var indices: [Key: [(unit: Int, indices: [Int])]] = [:]
    for (unit, content) in group.units.enumerated() {
      for slice in content.slices where slice.isOutput && context.kernels.contains(slice.weight) {
        let key = Key(weight: slice.weight, axis: slice.axis, rows: slice.rows, rowAxis: slice.rowAxis)
        if indices[key] == nil { order.append(key) }
        indices[key, default: []].append((unit, slice.indices))
      }
    }
    slices = try order.map { key in
      var tensor = try context.tensor(key.weight).to(.float64)
      if let rows = key.rows { tensor = try tensor.slice(key.rowAxis, rows) }
      let axes = [key.axis] + (0..<tensor.rank).filter { $0 != key.axis }
      let length = tensor.shape[key.axis]
      let values = try tensor.permute(axes).contiguous().doubles
      let size = length > 0 ? values.count / length : 0
      let entries = indices[key] ?? []
      return Layer(
        weight: key.weight, units: entries.map(\.unit),
        rows: entries.map { $0.indices.flatMap { values[$0 * size..<($0 + 1) * size] } })
    }
  }
}
