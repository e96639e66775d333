/// What the units of one group hold of one weight along one axis: some indices of the axis for each unit.
///
/// A group's slices are kept by weight and not by unit, for a network has many units and few weights.
package struct UnitFace: Sendable, Hashable {
  package let weight: String
  package let axis: Int
  /// Producers' rows, biases or a normalisation's entries, as against a consumer's columns.
  package let isOutput: Bool
  /// Only within these indices of `rowAxis`: the block of a grouped convolution that reads the channels; nil for all rows.
  package let rows: Range<Int>?
  package let rowAxis: Int
  /// The units that have a part, ascending.
  package private(set) var units: [Int] = []
  /// Where the indices of each of `units` end among all.
  private var ends: [Int] = []
  private var indices: [Int] = []

  init(weight: String, axis: Int, isOutput: Bool, rows: Range<Int>?, rowAxis: Int) {
    self.weight = weight
    self.axis = axis
    self.isOutput = isOutput
    self.rows = rows
    self.rowAxis = rowAxis
  }

  /// The units that have a part, each with its indices along `axis`, ascending.
  package var entries: [(unit: Int, indices: ArraySlice<Int>)] {
    units.indices.map { (units[$0], indices(at: $0)) }
  }

  /// Every index along `axis` with the unit that holds it.
  package func forEach(_ body: (_ unit: Int, _ index: Int) throws -> Void) rethrows {
    var start = 0
    for (place, unit) in units.enumerated() {
      for position in start..<ends[place] { try body(unit, indices[position]) }
      start = ends[place]
    }
  }

  /// What one unit holds; nil for nothing.
  func slice(of unit: Int) -> WeightSlice? {
    place(of: unit).map { place in
      WeightSlice(
        weight: weight, axis: axis, indices: Array(indices(at: place)), isOutput: isOutput, rows: rows,
        rowAxis: rowAxis)
    }
  }

  private func indices(at place: Int) -> ArraySlice<Int> { indices[(place == 0 ? 0 : ends[place - 1])..<ends[place]] }

  /// By bisection; mostly all units have a part, and then a unit's place is its number.
  private func place(of unit: Int) -> Int? {
    if units.indices.contains(unit), units[unit] == unit { return unit }
    var (low, high) = (0, units.count)
    while low < high {
      let middle = (low + high) / 2
      if units[middle] < unit { low = middle + 1 } else { high = middle }
    }
    return low < units.count && units[low] == unit ? low : nil
  }

  // MARK: Making

  /// Gives a unit some indices more; the units come in ascending order.
  mutating func add(_ unit: Int, _ index: Int) {
    if units.last == unit {
      let start = ends.count > 1 ? ends[ends.count - 2] : 0
      var place = indices.count
      while place > start, indices[place - 1] > index { place -= 1 }
      indices.insert(index, at: place)
      ends[ends.count - 1] += 1
    } else {
      units.append(unit)
      indices.append(index)
      ends.append(indices.count)
    }
  }

  mutating func reserve(units unitCount: Int, indices indexCount: Int) {
    units.reserveCapacity(unitCount)
    ends.reserveCapacity(unitCount)
    indices.reserveCapacity(indexCount)
  }

  /// The slices of some units by weight, in the order in which these first appear.
  static func faces(of units: [ChannelUnit]) -> [UnitFace] {
    struct Key: Hashable {
      let weight: String
      let axis: Int
      let isOutput: Bool
      let rows: Range<Int>?
      let rowAxis: Int
    }
    var faces: [UnitFace] = []
    var positions: [Key: Int] = [:]
    for (unit, content) in units.enumerated() {
      for slice in content.slices {
        let key = Key(
          weight: slice.weight, axis: slice.axis, isOutput: slice.isOutput, rows: slice.rows, rowAxis: slice.rowAxis)
        let position = positions[key] ?? faces.count
        if position == faces.count {
          positions[key] = position
          faces.append(
            UnitFace(
              weight: slice.weight, axis: slice.axis, isOutput: slice.isOutput, rows: slice.rows,
              rowAxis: slice.rowAxis))
        }
        for index in slice.indices { faces[position].add(unit, index) }
      }
    }
    return faces
  }
}
