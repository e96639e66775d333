import Foundation
import ModelGraph

extension ChannelAnalysis {
  /// The network without the units that are not kept: smaller weights, and attributes rewritten to fit.
  ///
  /// Every array of atoms is filtered to what stays, and each weight gathers along its axes in the order of these arrays.
  /// Compacting by nothing gives an equal graph. Throws `ChannelGroupError`; linear in the bytes of the weights.
  package func compacted(_ graph: Graph, keeping: [String: [Int]]) throws -> Graph {
    try check(graph)
    let removed = try removed(keeping: keeping)
    var result = graph
    result.weights = compactedWeights(graph.weights, removed)
    result.nodes = graph.nodes.map { compacted($0, removed) }
    _ = try result.shapes()
    return result
  }

  /// The same for tensors that go with the weights by name and shape: gradients, momenta, masks. Names that the network does
  /// not have pass through.
  package func compacted(weights: [String: TensorData], keeping: [String: [Int]]) throws -> [String: TensorData] {
    try check(weights)
    return compactedWeights(weights, try removed(keeping: keeping))
  }

  private func compactedWeights(_ weights: [String: TensorData], _ removed: [Bool]) -> [String: TensorData] {
    guard removed.contains(true) else { return weights }
    var result = weights
    for (name, faces) in facesOfWeight {
      guard let tensor = weights[name] else { continue }
      result[name] = compacted(tensor, faces, removed)
    }
    return result
  }

  private func compacted(_ tensor: TensorData, _ faces: [WeightFace], _ removed: [Bool]) -> TensorData {
    var result = tensor
    if let grouped = faces.first(where: { $0.groups > 1 }) {
      let rows = faces.first { $0.axis == 0 }
      return gatheringBlocks(tensor, grouped, rowsKept: rows.flatMap { self.faces[$0] }, removed)
    }
    for face in faces {
      guard let array = self.faces[face] else { continue }
      let kept = kept(array, removed)
      if kept.count < array.count { result = result.gathering(kept, axis: face.axis) }
    }
    return result
  }

  /// A grouped convolution's weight: each block keeps its own rows and its own columns, as many as every other block.
  private func gatheringBlocks(
    _ tensor: TensorData, _ face: WeightFace, rowsKept rows: [Int]?, _ removed: [Bool]
  ) -> TensorData {
    guard let array = faces[face] else { return tensor }
    let height = tensor.shape[0] / face.groups
    let width = tensor.shape[face.axis]
    var bytes = Data()
    var shape = tensor.shape
    shape[0] = 0
    for block in 0..<face.groups {
      let blockRows = (block * height..<(block + 1) * height).filter { row in rows.map { !removed[$0[row]] } ?? true }
      let blockColumns = (0..<width).filter { !removed[array[block * width + $0]] }
      let part = tensor.gathering(blockRows, axis: 0).gathering(blockColumns, axis: face.axis)
      bytes += part.bytes
      shape[0] += blockRows.count
      shape[face.axis] = blockColumns.count
    }
    // Equal counts in every block were checked with the selection, so the bytes fit.
    return (try? TensorData(tensor.elementType, shape: shape, bytes: bytes)) ?? tensor
  }

  /// The node with its constants rewritten for the kept positions of its input.
  private func compacted(_ node: Node, _ removed: [Bool]) -> Node {
    guard let x = node.inputs.first, let axes = labels[x] else { return node }
    let touched = axes.filter { _, array in array.contains { removed[$0] } }
    let outputAxes = node.outputs.first.flatMap { labels[$0] } ?? [:]
    var node = node
    switch node.op {
    case .convolution(var convolution):
      guard let channels = touched[1], convolution.groups == channels.count else { return node }
      convolution.groups = kept(channels, removed).count
      node.op = .convolution(convolution)
    case .slice(let slice):
      node.op = .slice(compacted(slice, touched, rank: shapes[x]?.count ?? 0, removed))
    case .pad(let pad):
      node.op = .pad(compacted(pad, inputs: axes, outputs: outputAxes, removed))
    case .batchNormalization, .gemm, .activation, .maxPool, .averagePool, .globalAveragePool, .elementwise, .concat,
      .flatten, .reduceMean, .softmax, .identity, .dropout:
      break
    }
    return node
  }

  /// The range from the first to the last kept position; where the step is not 1 nothing in between has left.
  private func compacted(_ slice: Slice, _ arrays: [Int: [Int]], rank: Int, _ removed: [Bool]) -> Slice {
    var slice = slice
    for (entry, named) in slice.axes.enumerated() {
      let axis = named < 0 ? named + rank : named
      guard let array = arrays[axis], let taken = slice.positions(axis: axis, size: array.count, rank: rank) else {
        continue
      }
      let first = taken.first ?? 0
      slice.starts[entry] = array[..<first].count { !removed[$0] }
      let end = taken.last.map { $0 + 1 } ?? first
      slice.ends[entry] = slice.starts[entry] + array[first..<end].count { !removed[$0] }
    }
    return slice
  }

  /// Amounts that count what stays: of the fresh entries for a positive amount, of the entries cut off for a negative one.
  private func compacted(_ pad: Pad, inputs: [Int: [Int]], outputs: [Int: [Int]], _ removed: [Bool]) -> Pad {
    var pad = pad
    for (axis, output) in outputs {
      guard let input = inputs[axis] else { continue }
      let (before, after) = (pad.before[axis], pad.after[axis])
      pad.before[axis] =
        before >= 0
        ? output.prefix(before).count { !removed[$0] } : -input.prefix(-before).count { !removed[$0] }
      pad.after[axis] =
        after >= 0 ? output.suffix(after).count { !removed[$0] } : -input.suffix(-after).count { !removed[$0] }
    }
    return pad
  }
}
