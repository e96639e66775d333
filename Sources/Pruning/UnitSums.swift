import ChannelGroups
import Tensors

/// Sums of a quantity that every element of a weight has, over what leaves with each unit of a group.
struct UnitSums {
  /// The side that is covered.
  let side: UnitSide
  private let unitCount: Int
  private let faces: [UnitFace]

  /// Covers one side's slices of the weights that satisfy `isCounted`. Where these do not read every unit, as where
  /// units meet no kernel any more, the makers stand in for the readers of the whole group.
  init(_ group: ChannelGroup, _ side: UnitSide = .makers, weights isCounted: (String) -> Bool) {
    func faces(_ side: UnitSide) -> [UnitFace] {
      group.faces.filter { side.counts($0) && isCounted($0.weight) }
    }
    let asked = faces(side)
    let standsIn = side == .readers && Self.covered(asked) < group.units.count
    self.side = standsIn ? .makers : side
    self.faces = standsIn ? faces(.makers) : asked
    unitCount = group.units.count
  }

  private static func covered(_ faces: [UnitFace]) -> Int { Set(faces.flatMap(\.units)).count }

  /// The weights that are covered, each once.
  var weights: [String] {
    var seen = Set<String>()
    return faces.map(\.weight).filter { seen.insert($0).inserted }
  }

  /// True when every unit has at least one covered slice.
  var coversAllUnits: Bool { Self.covered(faces) == unitCount }

  /// One sum per unit, of `value(weight)`, a tensor of the weight's shape, after `change`, which sees each element by itself
  /// and as a float64. One pass over each covered weight.
  func sums(
    _ value: (String) throws -> Tensor, each change: ((Tensor) throws -> Tensor)? = nil
  ) throws -> [Double] {
    var result = [Double](repeating: 0, count: unitCount)
    for face in faces {
      let marginal = try Self.marginal(of: value(face.weight), along: face, each: change)
      face.forEach { unit, index in result[unit] += marginal[index] }
    }
    return result
  }

  /// The same sums for each weight that has a value by itself, or for all weights that `named` gives one name.
  func layers(
    named name: (String) -> String = { $0 }, _ value: (String) throws -> Tensor?,
    each change: ((Tensor) throws -> Tensor)? = nil
  ) throws -> [LayerScores] {
    var order: [String] = []
    var totals: [String: [Double?]] = [:]
    for face in faces {
      guard let value = try value(face.weight) else { continue }
      let layer = name(face.weight)
      var total = totals.removeValue(forKey: layer) ?? []
      if total.isEmpty {
        order.append(layer)
        total = Array(repeating: nil, count: unitCount)
      }
      let marginal = try Self.marginal(of: value, along: face, each: change)
      face.forEach { unit, index in total[unit] = (total[unit] ?? 0) + marginal[index] }
      totals[layer] = total
    }
    return order.map { layer in
      let total = totals[layer] ?? []
      return LayerScores(
        layer: layer, units: total.indices.filter { total[$0] != nil }, scores: total.compactMap { $0 })
    }
  }

  /// The elements that each unit has in one weight of `shape`, row-major positions, ascending and each once.
  func elements(in weight: String, shape: [Int]) -> [(unit: Int, elements: [Int])] {
    var found: [Int: Set<Int>] = [:]
    for face in faces where face.weight == weight {
      for entry in face.entries {
        found[entry.unit, default: []].formUnion(face.elements(at: entry.indices, of: shape))
      }
    }
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
  }

  /// So many elements are changed at a time: what is made on the way stays in the processor's cache.
  private static let pieceSize = 1 << 16

  /// The sum over all axes but the face's, within the face's rows, in double precision: half precision would overflow, or make
  /// ties of neighbours.
  private static func marginal(
    of value: Tensor, along face: UnitFace, each change: ((Tensor) throws -> Tensor)?
  ) throws -> [Double] {
    let part = try face.rows.map { try value.slice(face.rowAxis, $0) } ?? value
    let others = (0..<part.rank).filter { $0 != face.axis }
    func sum(_ piece: Tensor) throws -> [Double] {
      let doubled = try piece.to(.float64)
      let changed = try change?(doubled) ?? doubled
      return try (others.isEmpty ? changed : changed.sum(others)).doubles
    }
    let (length, count) = (part.size(0), part.elementCount)
    guard count > pieceSize, case .cpu = part.device else { return try sum(part) }
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

extension UnitSums {
  /// For each group, and each weight in `values` that has a part in it, one sum per unit over its elements.
  static func layerScores(
    of groups: [ChannelGroup], _ side: UnitSide = .makers, summing values: [String: Tensor]
  ) throws -> [String: [LayerScores]] {
    var result: [String: [LayerScores]] = [:]
    for group in groups {
      result[group.name] = try UnitSums(group, side, weights: { values[$0] != nil }).layers({ values[$0] })
    }
    return result
  }

  /// The kernels of floats on that side of the groups' units, each once, sorted.
  static func kernels(of groups: [ChannelGroup], _ side: UnitSide = .makers, in context: ScoringContext) -> [String] {
    let weights = context.module.graph.weights
    let floats = context.kernels.filter { weights[$0]?.elementType.isFloatingPoint == true }
    return Set(groups.flatMap { UnitSums($0, side, weights: floats.contains).weights }).sorted()
  }
}
