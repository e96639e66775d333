import ModelGraph

/// Where the entries of a weight's face lie in the weight: indices of one axis, within rows of another one.
struct FaceGeometry {
  struct Segment {
    /// Nil for all rows.
    var rows: Range<Int>?
    /// Positions in the face's array, in its order.
    var entries: Range<Int>
  }

  let axis: Int
  let rowAxis: Int
  private(set) var segments: [Segment] = []
  /// For each entry of a segment the first index along the axis that it holds.
  let bases: [Int]
  /// The steps from there to all that it holds, ascending.
  let steps: [Int]

  /// Nil for a face that cannot be said in these words.
  init?(_ face: WeightFace, shape: [Int]) {
    let owners = WeightFace.owners(view: face.view, shape: shape)
    guard let last = face.axes.last else { return nil }
    let axis = owners[last]
    self.axis = axis
    let outer = face.axes.filter { owners[$0] != axis }
    rowAxis = outer.first.map { owners[$0] } ?? 0
    let rowAxis = rowAxis
    let rowView = face.view.indices.filter { owners[$0] == rowAxis }
    guard outer.allSatisfy({ owners[$0] == rowAxis }), Array(rowView.prefix(outer.count)) == outer,
      face.axes.starts(with: outer)
    else { return nil }
    let rowSize = rowView.dropFirst(outer.count).reduce(1) { $0 * face.view[$1] }

    let inner = face.view.indices.filter { owners[$0] == axis }
    let strides = AtomGrid.strides(inner.map { face.view[$0] })
    let own = inner.indices.filter { face.axes.contains(inner[$0]) }
    let free = inner.indices.filter { !face.axes.contains(inner[$0]) }
    bases = AtomGrid.walk(own.map { face.view[inner[$0]] }, strides: own.map { strides[$0] })
    steps = AtomGrid.walk(free.map { face.view[inner[$0]] }, strides: free.map { strides[$0] })
    let rowCount = outer.reduce(1) { $0 * face.view[$1] }
    for row in 0..<rowCount {
      let rows = rowCount > 1 ? row * rowSize..<(row + 1) * rowSize : nil
      segments.append(Segment(rows: rows, entries: row * bases.count..<(row + 1) * bases.count))
    }
  }
}
