import Foundation
import ModelGraph

extension ChannelAnalysis {
  /// The network in its full shape, computing what the compacted one computes: whatever reads a removed channel reads it
  /// with zero weights, and means and softmaxes over an axis of channels run over the kept ones only.
  ///
  /// Producers are left as they are, so what a removed channel holds does not matter. Throws `ChannelGroupError`.
  package func masked(_ graph: Graph, keeping: [String: [Int]]) throws -> Graph {
    try check(graph)
    let removed = try removed(keeping: keeping)
    var result = graph
    for face in consumingFaces {
      guard let array = faces[face], let tensor = result.weights[face.weight] else { continue }
      let size = array.count / face.groups
      let height = tensor.shape[0] / face.groups
      var masked = tensor
      for block in 0..<face.groups {
        let indices = (0..<size).filter { removed[array[block * size + $0]] }
        let rows = face.groups > 1 ? block * height..<(block + 1) * height : nil
        masked = masked.zeroing(indices, axis: face.axis, rows: rows)
      }
      result.weights[face.weight] = masked
    }
    result.nodes = graph.nodes.flatMap { node in masked(node, &result.weights, removed) }
    return result
  }

  /// The node behind the nodes that hide removed channels from it; only statistics over an axis of channels need any.
  private func masked(_ node: Node, _ weights: inout [String: TensorData], _ removed: [Bool]) -> [Node] {
    guard let x = node.inputs.first, let rank = shapes[x]?.count else { return [node] }
    let axes: [Int]
    let operation: Elementwise
    switch node.op {
    case .reduceMean(let reduced, _): (axes, operation) = (reduced, .multiply)
    case .softmax(let axis): (axes, operation) = ([axis], .add)
    case .convolution, .batchNormalization, .gemm, .activation, .maxPool, .averagePool, .globalAveragePool,
      .elementwise, .concat, .slice, .pad, .flatten, .identity, .dropout:
      return [node]
    }
    var result: [Node] = []
    var node = node
    for named in axes {
      let axis = named < 0 ? named + rank : named
      guard let array = labels[x]?[axis], array.contains(where: { removed[$0] }) else { continue }
      let scale = Float(array.count) / Float(kept(array, removed).count)
      let (here, gone): (Float, Float) = operation == .multiply ? (scale, 0) : (0, -1e30)
      var shape = Array(repeating: 1, count: rank)
      shape[axis] = array.count
      let name = "\(node.name).mask\(axis)"
      weights[name] = TensorData(shape: shape, floats: array.map { removed[$0] ? gone : here })
      result.append(
        Node(name: name, op: .elementwise(operation), inputs: [node.inputs[0], name], outputs: [name + "_out"]))
      node.inputs[0] = name + "_out"
    }
    return result + [node]
  }
}

extension TensorData {
  /// Zero bytes, which are zeros of every element type, at `indices` along `axis`, within some rows or all.
  fileprivate func zeroing(_ indices: [Int], axis: Int, rows: Range<Int>?) -> TensorData {
    if indices.isEmpty { return self }
    let inner = shape[(axis + 1)...].reduce(1, *) * elementType.byteCount
    let outer = shape[..<axis].reduce(1, *)
    let outerPerRow = axis == 0 ? 1 : outer / shape[0]
    let blocks = rows.map { $0.lowerBound * outerPerRow..<$0.upperBound * outerPerRow } ?? 0..<outer
    var bytes = self.bytes
    bytes.withUnsafeMutableBytes { buffer in
      for block in blocks {
        for index in indices {
          let start = (block * shape[axis] + index) * inner
          buffer[start..<start + inner].initializeMemory(as: UInt8.self, repeating: 0)
        }
      }
    }
    return (try? TensorData(elementType, shape: shape, bytes: bytes)) ?? self
  }
}
