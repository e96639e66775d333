import Foundation
import ModelGraph

/// Takes out of a weight what its faces lose.
struct WeightCompaction {
  let shapes: CompactedShapes

  func compacted(_ weights: [String: TensorData]) -> [String: TensorData] {
    guard shapes.changesAnything else { return weights }
    var result = weights
    for (name, positions) in shapes.analysis.facesOfWeight {
      guard let tensor = weights[name] else { continue }
      result[name] = compacted(tensor, positions.map { shapes.analysis.faces[$0] })
    }
    return result
  }

  private func compacted(_ tensor: TensorData, _ all: [LabelledFace]) -> TensorData {
    let faces = all.filter { shapes.changes($0) }
    guard let first = faces.first else { return tensor }
    let isSimple = faces.allSatisfy { $0.face.axes.count == 1 && $0.face.view == tensor.shape }
    if isSimple {
      var kept: [[Int]?] = tensor.shape.map { _ in nil }
      for entry in faces {
        let atoms = shapes.analysis.arrays[entry.array].atoms
        let axis = entry.face.axes[0]
        // A second face on one axis holds the same components.
        guard kept[axis] == nil, tensor.shape[axis] == atoms.count else { continue }
        kept[axis] = atoms.indices.filter { !shapes.removed[atoms[$0]] }
      }
      return tensor.gathering(kept)
    }
    return gathered(tensor, view: first.face.view, faces.filter { $0.face.view == first.face.view })
  }

  /// Goes through the axes of the view from outside in, with the places that stay on the way.
  private func gathered(_ tensor: TensorData, view: [Int], _ faces: [LabelledFace]) -> TensorData {
    let depth = (faces.compactMap { $0.face.axes.last }.max() ?? -1) + 1
    var newView = view
    // The dense places of all prefixes that stay, and for each face where its array is.
    var prefixes = [0]
    var cursors = faces.map { _ in [0] }
    for axis in 0..<depth {
      let own = faces.indices.filter { faces[$0].face.axes.contains(axis) }
      var next: [Int] = []
      var nextCursors = faces.map { _ in [Int]() }
      let inner = own.map { face -> Int in
        let axes = faces[face].face.axes
        return axes[((axes.firstIndex(of: axis) ?? 0) + 1)...].reduce(1) { $0 * view[$1] }
      }
      for (position, prefix) in prefixes.enumerated() {
        for index in 0..<view[axis] {
          var stays = true
          for (place, face) in own.enumerated() {
            let start = (cursors[face][position] * view[axis] + index) * inner[place]
            let atoms = shapes.analysis.arrays[faces[face].array].atoms
            if !atoms[start..<start + inner[place]].contains(where: { !shapes.removed[$0] }) { stays = false }
          }
          guard stays else { continue }
          next.append(prefix * view[axis] + index)
          for face in faces.indices {
            let cursor = cursors[face][position]
            nextCursors[face].append(own.contains(face) ? cursor * view[axis] + index : cursor)
          }
        }
      }
      newView[axis] = prefixes.isEmpty ? 0 : next.count / prefixes.count
      (prefixes, cursors) = (next, nextCursors)
    }
    let run = view[depth...].reduce(1, *)
    let flat = tensor.reshaped(to: [view[..<depth].reduce(1, *), run])
    let owners = WeightFace.owners(view: view, shape: tensor.shape)
    var shape = Array(repeating: 1, count: tensor.shape.count)
    for (axis, owner) in owners.enumerated() { shape[owner] *= newView[axis] }
    // What stays is a grid, which was checked face by face; a weight whose faces disagree is left for the shape check to name.
    guard shape.reduce(1, *) == prefixes.count * run else { return tensor }
    return flat.gathering(prefixes, axis: 0).reshaped(to: shape)
  }
}
