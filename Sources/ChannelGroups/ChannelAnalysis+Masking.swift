import Foundation
import ModelGraph

extension ChannelAnalysis {
  /// The network in its full shape, computing what the compacted one computes: whatever reads a removed channel reads it
  /// with zero weights, and means, norms and softmaxes over an axis of channels run over the kept ones only.
  ///
  /// Producers are left as they are, so what a removed channel holds does not matter; only numbers of theirs that are not finite, or nearly
  /// so, become zeros, since a product with zero does not hide them. With `narrowsStates` the states that go in and out have the
  /// shapes of the compacted network, so that both can be given the same numbers. Throws `ChannelGroupError`.
  package func masked(_ graph: Graph, keeping: [String: [Int]], narrowsStates: Bool = false) throws -> Graph {
    try check(graph)
    let shapes = try CompactedShapes(self, keeping: keeping)
    guard shapes.changesAnything else { return graph }
    var result = graph
    for entry in faces where shapes.changes(entry) {
      guard let tensor = result.weights[entry.face.weight] else { continue }
      guard entry.isConsuming || tensor.holdsExtremes else { continue }
      let removed = arrays[entry.array].atoms.map { shapes.removed[$0] }
      result.weights[entry.face.weight] = tensor.zeroing(entry.face, removed, onlyExtremes: !entry.isConsuming)
    }
    var masking = NodeMasking(shapes: shapes, weights: result.weights)
    for node in graph.nodes { masking.append(node) }
    result.nodes = masking.nodes
    result.weights = masking.weights
    guard narrowsStates else { return result }
    var narrowing = StateNarrowing(shapes: shapes, graph: result)
    narrowing.run()
    return narrowing.graph
  }
}

extension TensorData {
  /// Of float32: from here on a few products and sums of finite numbers may no longer be finite.
  private static let extreme: Float = 1e12

  private static func isExtreme(_ value: Float) -> Bool { !(abs(value) < extreme) }

  fileprivate var holdsExtremes: Bool { floats.contains(where: Self.isExtreme) }

  /// Zero bytes, which are zeros of every element type, at the entries of a face that are marked; `onlyExtremes` leaves all others than
  /// extreme numbers of float32 as they are.
  fileprivate func zeroing(_ face: WeightFace, _ marked: [Bool], onlyExtremes: Bool) -> TensorData {
    let depth = (face.axes.last ?? -1) + 1
    let faceStrides = AtomGrid.strides(face.sizes)
    var strides = Array(repeating: 0, count: depth)
    for (position, axis) in face.axes.enumerated() { strides[axis] = faceStrides[position] }
    let entries = AtomGrid.walk(Array(face.view[..<depth]), strides: strides)
    let run = face.view[depth...].reduce(1, *) * elementType.byteCount
    var bytes = self.bytes
    bytes.withUnsafeMutableBytes { buffer in
      for (place, entry) in entries.enumerated() where marked[entry] {
        let slice = place * run..<(place + 1) * run
        guard onlyExtremes else {
          buffer[slice].initializeMemory(as: UInt8.self, repeating: 0)
          continue
        }
        for offset in stride(from: slice.lowerBound, to: slice.upperBound, by: MemoryLayout<Float>.size)
        where Self.isExtreme(buffer.loadUnaligned(fromByteOffset: offset, as: Float.self)) {
          buffer.storeBytes(of: 0, toByteOffset: offset, as: Float.self)
        }
      }
    }
    return (try? TensorData(elementType, shape: shape, bytes: bytes)) ?? self
  }
}
