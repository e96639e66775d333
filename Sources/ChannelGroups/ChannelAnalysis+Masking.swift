import Foundation
import ModelGraph

extension ChannelAnalysis {
  /// The network in its full shape, computing what the compacted one computes: whatever reads a removed channel reads it
  /// with zero weights, and means, norms and softmaxes over an axis of channels run over the kept ones only.
  ///
  /// Producers are left as they are, so what a removed channel holds does not matter. Throws `ChannelGroupError`.
  package func masked(_ graph: Graph, keeping: [String: [Int]]) throws -> Graph {
    try check(graph)
    let shapes = try CompactedShapes(self, keeping: keeping)
    guard shapes.changesAnything else { return graph }
    var result = graph
    for entry in faces where entry.isConsuming && shapes.changes(entry) {
      guard let tensor = result.weights[entry.face.weight] else { continue }
      let removed = arrays[entry.array].atoms.map { shapes.removed[$0] }
      result.weights[entry.face.weight] = tensor.zeroing(entry.face, removed)
    }
    var masking = NodeMasking(shapes: shapes, weights: result.weights)
    for node in graph.nodes { masking.append(node) }
    result.nodes = masking.nodes
    result.weights = masking.weights
    return result
  }
}

extension TensorData {
  /// Zero bytes, which are zeros of every element type, at the entries of a face that are marked.
  fileprivate func zeroing(_ face: WeightFace, _ marked: [Bool]) -> TensorData {
    let depth = (face.axes.last ?? -1) + 1
    let faceStrides = AtomGrid.strides(face.sizes)
    var strides = Array(repeating: 0, count: depth)
    for (position, axis) in face.axes.enumerated() { strides[axis] = faceStrides[position] }
    let entries = AtomGrid.walk(Array(face.view[..<depth]), strides: strides)
    let run = face.view[depth...].reduce(1, *) * elementType.byteCount
    var bytes = self.bytes
    bytes.withUnsafeMutableBytes { buffer in
      for (place, entry) in entries.enumerated() where marked[entry] {
        buffer[place * run..<(place + 1) * run].initializeMemory(as: UInt8.self, repeating: 0)
      }
    }
    return (try? TensorData(elementType, shape: shape, bytes: bytes)) ?? self
  }
}
