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
    slices = try group.faces.filter { $0.isOutput && context.kernels.contains($0.weight) }.map { face in
      var tensor = try context.tensor(face.weight).to(.float64)
      if let rows = face.rows { tensor = try tensor.slice(face.rowAxis, rows) }
      let axes = [face.axis] + (0..<tensor.rank).filter { $0 != face.axis }
      let length = tensor.shape[face.axis]
      let values = try tensor.permute(axes).contiguous().doubles
      let size = length > 0 ? values.count / length : 0
      return Layer(
        weight: face.weight, units: face.units,
        rows: face.entries.map { $0.indices.flatMap { values[$0 * size..<($0 + 1) * size] } })
    }
  }
}
