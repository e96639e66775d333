import ChannelGroups
import ModelGraph
import Tensors

/// All the slices that leave with each unit of a group, laid over tensors of the weights' shapes: weights, or state
/// that an optimiser keeps of them. Indices are prepared once; a pass is a few tensor operations for each axis of each
/// weight.
package struct UnitLayout {
  /// One axis of one weight along which units lie.
  private struct Face {
    let weight: String
    let axis: Int
    let rows: Range<Int>?
    let rowAxis: Int
    let rank: Int
    /// int64, the unit at each index of the axis; `unitCount` where there is none.
    let units: Tensor
  }

  package let unitCount: Int
  /// How many elements leave with each unit.
  package let sizes: [Int]
  /// The weights that are covered, each once.
  package let weights: [String]
  private let faces: [Face]

  /// Covers the faces that satisfy `isIncluded`, of weights that `shape` knows (parameters, not statistics).
  package init(
    _ group: ChannelGroup, device: Device, shape: (String) -> [Int]?,
    including isIncluded: (UnitFace) -> Bool = { _ in true }
  ) throws {
    struct Key: Hashable {
      let weight: String
      let axis: Int
      let rows: Range<Int>?
      let rowAxis: Int
    }
    unitCount = group.units.count
    var order: [Key] = []
    var owners: [Key: [Int: Int]] = [:]
    for face in group.faces where shape(face.weight) != nil && isIncluded(face) {
      let key = Key(weight: face.weight, axis: face.axis, rows: face.rows, rowAxis: face.rowAxis)
      if owners[key] == nil { order.append(key) }
      face.forEach { unit, index in owners[key, default: [:]][index] = unit }
    }
    var sizes = Array(repeating: 0, count: group.units.count)
    var faces: [Face] = []
    for key in order {
      guard let shape = shape(key.weight), shape.indices.contains(key.axis), let places = owners[key] else { continue }
      let length = shape[key.axis]
      var run = shape.reduce(1, *) / max(length, 1)
      if let rows = key.rows { run = run / max(shape[key.rowAxis], 1) * rows.count }
      for unit in places.values { sizes[unit] += run }
      faces.append(
        Face(
          weight: key.weight, axis: key.axis, rows: key.rows, rowAxis: key.rowAxis, rank: shape.count,
          units: try Tensor(
            int64s: (0..<length).map { Int64(places[$0] ?? group.units.count) }, shape: [length], device: device)))
    }
    var seen = Set<String>()
    weights = faces.map(\.weight).filter { seen.insert($0).inserted }
    self.sizes = sizes
    self.faces = faces
  }

  /// For each unit the sum over its elements of a tensor of the weight's shape, `[unitCount]`.
  package func sums(_ value: (String) throws -> Tensor?) throws -> Tensor? {
    var total: Tensor?
    for face in faces {
      guard let tensor = try value(face.weight) else { continue }
      let marginal = try Self.marginal(tensor, face)
      let start = try total ?? Tensor.zeros([unitCount + 1], type: marginal.type, device: marginal.device)
      total = try Self.indexAdd.one(.tensor(start), 0, .tensor(face.units), .tensor(marginal))
    }
    return try total?.slice(0, 0..<unitCount)
  }

  /// Multiplies every element of each unit by the unit's factor, in place; the others stay.
  package func scale(by factors: Tensor, _ tensor: (String) throws -> Tensor?) throws {
    let padded = try Tensor.cat([factors, try Tensor.ones([1], type: factors.type, device: factors.device)], axis: 0)
    for face in faces {
      guard let target = try tensor(face.weight) else { continue }
      try Self.part(target, face).mul_(try Self.spread(padded, face))
    }
  }

  /// Adds to `target` the elements of `source`, each times its unit's factor, in place.
  package func add(
    _ source: (String) throws -> Tensor?, times factors: Tensor, to target: (String) throws -> Tensor?
  ) throws {
    let padded = try Tensor.cat([factors, try Tensor.zeros([1], type: factors.type, device: factors.device)], axis: 0)
    for face in faces {
      guard let values = try source(face.weight), let sum = try target(face.weight) else { continue }
      try Self.part(sum, face).addcmul_(try Self.part(values, face), try Self.spread(padded, face))
    }
  }

  private static let indexAdd = ATenOperator("aten::index_add")

  /// The rows that the face is limited to, sharing memory.
  private static func part(_ tensor: Tensor, _ face: Face) throws -> Tensor {
    guard let rows = face.rows else { return tensor }
    return try tensor.slice(face.rowAxis, rows)
  }

  private static func marginal(_ tensor: Tensor, _ face: Face) throws -> Tensor {
    let others = (0..<face.rank).filter { $0 != face.axis }
    let part = try part(tensor, face)
    return others.isEmpty ? part : try part.sum(others)
  }

  private static func spread(_ padded: Tensor, _ face: Face) throws -> Tensor {
    var shape = Array(repeating: 1, count: face.rank)
    shape[face.axis] = -1
    return try padded.indexSelect(0, face.units).reshape(shape)
  }
}

extension UnitLayout {
  /// The Euclidean norm of each unit's elements as one vector, `[unitCount]`; nil when nothing is covered.
  package func norms(_ tensor: (String) throws -> Tensor?) throws -> Tensor? {
    try sums { try tensor($0)?.square() }?.sqrt()
  }

  /// The square roots of the units' sizes, `[unitCount]`, which make units of different sizes comparable.
  package func sizeRoots(device: Device) throws -> Tensor {
    try Tensor(floats: sizes.map { Float($0).squareRoot() }, shape: [unitCount], device: device)
  }
}
