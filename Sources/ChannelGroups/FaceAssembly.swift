/// From the weights' faces to what each group's units hold of them. Linear in the entries of all faces, but where a face's units
/// do not ascend along its axis.
struct FaceAssembly {
  private struct Entry {
    var place: UnitPlace
    /// A position in the segment.
    var offset: Int
  }

  /// For each group its faces, in the order in which the network reads the weights.
  private(set) var faces: [[UnitFace]]

  /// `owners` are the groups and units of the components, nil for one that is in no group.
  init(_ propagation: AtomPropagation, components: [Int], owners: [UnitPlace?], groupCount: Int) {
    faces = Array(repeating: [], count: groupCount)
    for face in propagation.faces {
      guard let geometry = FaceGeometry(face.face, shape: propagation.shape(face.face.weight)) else { continue }
      for segment in geometry.segments {
        var entries: [Entry] = []
        entries.reserveCapacity(segment.entries.count)
        var isAscending = true
        for (offset, position) in segment.entries.enumerated() {
          guard let place = owners[components[face.atoms[position]]] else { continue }
          if let last = entries.last?.place, place < last { isAscending = false }
          entries.append(Entry(place: place, offset: offset))
        }
        if !isAscending { entries.sort { ($0.place, $0.offset) < ($1.place, $1.offset) } }
        append(entries, of: face, geometry, rows: segment.rows)
      }
    }
  }

  /// One face for each group that has entries; these are in the order of groups and units.
  private mutating func append(_ entries: [Entry], of face: FaceAtoms, _ geometry: FaceGeometry, rows: Range<Int>?) {
    var start = 0
    while start < entries.count {
      let group = entries[start].place.group
      let end = entries[start...].firstIndex { $0.place.group != group } ?? entries.count
      var part = UnitFace(
        weight: face.face.weight, axis: geometry.axis, isOutput: face.isProducing, rows: rows, rowAxis: geometry.rowAxis
      )
      part.reserve(units: end - start, indices: (end - start) * geometry.steps.count)
      for entry in entries[start..<end] {
        let base = geometry.bases[entry.offset]
        for step in geometry.steps { part.add(entry.place.unit, base + step) }
      }
      faces[group].append(part)
      start = end
    }
  }
}
