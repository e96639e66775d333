/// Some indices of one axis of one weight.
package struct WeightSlice: Sendable, Hashable {
  package var weight: String
  package var axis: Int
  /// Ascending.
  package var indices: [Int]
  /// A producer's row, a bias or a normalisation's entry, as against a consumer's column.
  package var isOutput: Bool
  /// Only within these indices of `rowAxis`: the block of a grouped convolution that reads the channel; nil for all rows.
  package var rows: Range<Int>?
  package var rowAxis: Int

  package init(
    weight: String, axis: Int, indices: [Int], isOutput: Bool, rows: Range<Int>? = nil, rowAxis: Int = 0
  ) {
    self.weight = weight
    self.axis = axis
    self.indices = indices
    self.isOutput = isOutput
    self.rows = rows
    self.rowAxis = rowAxis
  }
}

/// What leaves together: one connected component of channel atoms, or a whole residual branch.
package struct ChannelUnit: Sendable, Hashable {
  /// In the order in which the network reads the weights.
  package var slices: [WeightSlice]
  /// The node that adds a residual branch to its shortcut; nil for channels and heads, which have no name of their own.
  package var name: String?
  /// The layers that leave with a residual branch. Empty for a unit that is a part of every layer of its group.
  package var layers: [String]

  package init(slices: [WeightSlice], name: String? = nil, layers: [String] = []) {
    self.slices = slices
    self.name = name
    self.layers = layers
  }
}

/// Units that the same layers produce, and so compete with each other.
package struct ChannelGroup: Sendable, Hashable {
  /// The name of the first producing node; "#2" and so on follow where that is taken.
  package var name: String
  /// The nodes whose output rows leave with the units, in graph order.
  package var layers: [String]
  package var units: ChannelUnits
  /// Why nothing of this group may leave; nil for a group that can be pruned.
  package var pinned: String?
  /// Where not empty, a partition of the units of which every part keeps the same count (a grouped convolution's groups).
  package var blocks: [[Int]]
  /// Sets of units of which at least one each must stay, beyond the one that every group keeps: parts of the group that feed
  /// a layer of their own.
  package var floors: [[Int]]

  package init(
    name: String, layers: [String], units: [ChannelUnit], pinned: String? = nil, blocks: [[Int]] = [],
    floors: [[Int]] = []
  ) {
    self.init(
      name: name, layers: layers, units: ChannelUnits(units), pinned: pinned, blocks: blocks, floors: floors)
  }

  init(
    name: String, layers: [String], units: ChannelUnits, pinned: String? = nil, blocks: [[Int]] = [],
    floors: [[Int]] = []
  ) {
    self.name = name
    self.layers = layers
    self.units = units
    self.pinned = pinned
    self.blocks = blocks
    self.floors = floors
  }

  /// True when the units are whole residual branches, each with layers of its own.
  package var holdsBranches: Bool { units.holdBranches }

  /// What the units hold of each weight, in the order in which the network reads the weights.
  package var faces: [UnitFace] { units.faces }

  /// A page of text: the layers, the constraints, and what leaves with each of the first `limit` units.
  package func describe(unitLimit limit: Int = 2) -> String {
    var lines = ["\(name): \(units.count) units of \(layers.joined(separator: ", "))"]
    if let pinned { lines.append("  stays: \(pinned)") }
    if let block = blocks.first { lines.append("  \(blocks.count) blocks of \(block.count) keep equal counts") }
    for floor in floors { lines.append("  at least one stays of units \(Self.text(floor))") }
    for (index, unit) in units.prefix(limit).enumerated() {
      lines.append("  unit \(index)\(unit.name.map { ", '\($0)'" } ?? ""):")
      for slice in unit.slices {
        let rows = slice.rows.map { " of rows \($0.lowerBound)..<\($0.upperBound)" } ?? ""
        lines.append(
          "    \(slice.weight) axis \(slice.axis) \(Self.text(slice.indices))\(rows)\(slice.isOutput ? "" : " (reads)")"
        )
      }
    }
    if units.count > limit { lines.append("  and \(units.count - limit) more units") }
    return lines.joined(separator: "\n")
  }

  /// Ascending numbers with runs as "a...b".
  private static func text(_ numbers: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = runs.last, last.upperBound + 1 == number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    let words = runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)...\($0.upperBound)" }
    return "[" + words.joined(separator: ", ") + "]"
  }
}
