/// The units of a group, each put together from what the group holds of the weights when it is asked for.
package struct ChannelUnits: RandomAccessCollection, Sendable, Hashable {
  package let count: Int
  /// What the units hold, in the order in which the network reads the weights.
  package let faces: [UnitFace]
  /// Of residual branches; empty for channels and heads.
  private let names: [String?]
  private let layers: [[String]]

  /// Units without names or layers of their own.
  init(count: Int, faces: [UnitFace]) {
    self.count = count
    self.faces = faces
    names = []
    layers = []
  }

  init(_ units: [ChannelUnit]) {
    count = units.count
    faces = UnitFace.faces(of: units)
    names = units.contains { $0.name != nil } ? units.map(\.name) : []
    layers = units.contains { !$0.layers.isEmpty } ? units.map(\.layers) : []
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { count }

  package subscript(unit: Int) -> ChannelUnit {
    precondition(unit >= 0 && unit < count, "unit \(unit) of \(count)")
    return ChannelUnit(
      slices: faces.compactMap { $0.slice(of: unit) }, name: names.isEmpty ? nil : names[unit],
      layers: layers.isEmpty ? [] : layers[unit])
  }

  /// True when some unit has layers of its own.
  var holdBranches: Bool { !layers.isEmpty }
}
