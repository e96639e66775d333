import ChannelGroups
import Tensors

/// Sums of a quantity that every element of a weight has, over what leaves with each unit of a group.
struct UnitSums {
  private let unitCount: Int
  private let faces: [UnitFace]

  /// Covers the producers' slices (rows, biases, normalisation entries) of the weights that satisfy `isCounted`.
  init(_ group: ChannelGroup, weights isCounted: (String) -> Bool) {
    unitCount = group.units.count
    faces = group.faces.filter { $0.isOutput && isCounted($0.weight) }
  }

  /// The weights that are covered, each once.
  var weights: [String] {
    var seen = Set<String>()
    return faces.map(\.weight).filter { seen.insert($0).inserted }
  }

  /// True when every unit has at least one covered slice.
  var coversAllUnits: Bool { Set(faces.flatMap(\.units)).count == unitCount }

  /// One sum per unit, of `value(weight)`, a tensor of the weight's shape, after `change`, which sees each element by itself.
  /// One pass over each covered weight, and then double precision.
  func sums(
    _ value: (String) throws -> Tensor, each change: ((Tensor) throws -> Tensor)? = nil
  ) throws -> [Double] {
    var result = [Double](repeating: 0, count: unitCount)
    for face in faces {
      let marginal = try Self.marginal(of: try value(face.weight), along: face, each: change)
      face.forEach { unit, index in result[unit] += marginal[index] }
    }
    return result
  }

  /// The same sums for each weight by itself, or for all weights that `named` gives one name.
  func layers(
    named name: (String) -> String = { $0 }, _ value: (String) throws -> Tensor,
    each change: ((Tensor) throws -> Tensor)? = nil
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
      let marginal = try Self.marginal(of: try value(face.weight), along: face, each: change)
      face.forEach { unit, index in total[unit] = (total[unit] ?? 0) + marginal[index] }
      totals[layer] = total
    }
    return order.map { layer in
      let total = totals[layer] ?? []
      return LayerScores(
        layer: layer, units: total.indices.filter { total[$0] != nil }, scores: total.compactMap { $0 })
    }
  }

  /// So many elements are changed at a time: what is made on the way stays in the processor's cache.
  private static let pieceSize = 1 << 16

  /// The sum over all axes but the face's, within the face's rows.
  private static func marginal(
    of value: Tensor, along face: UnitFace, each change: ((Tensor) throws -> Tensor)?
  ) throws -> [Double] {
    let part = try face.rows.map { try value.slice(face.rowAxis, $0) } ?? value
    let others = (0..<part.rank).filter { $0 != face.axis }
    func sum(_ piece: Tensor) throws -> [Double] {
      let changed = try change?(piece) ?? piece
      return try (others.isEmpty ? changed : changed.sum(others)).doubles
    }
    let (length, count) = (part.size(0), part.elementCount)
    guard change != nil, count > pieceSize, case .cpu = part.device else { return try sum(part) }
    let step = max(1, pieceSize / (count / length))
    var total: [Double] = []
    for start in stride(from: 0, to: length, by: step) {
      let piece = try sum(try part.slice(0, start..<min(start + step, length)))
      if face.axis == 0 || total.isEmpty {
        total += piece
      } else {
        for (place, value) in piece.enumerated() { total[place] += value }
      }
    }
    return total
  }
}
