import GraphRuntime
import ModelGraph
import Support
import Tensors
import TestSupport
import Training

/// A network of the zoo that reads images, as all data are: where its input has other axes, a reshape makes it from the pixels.
struct ImagedTopology {
  let graph: Graph
  /// `[C, H, W]`.
  let shape: [Int]

  /// Nil for networks of several inputs, of words or of a fixed batch, which have no data to score by.
  init?(_ topology: Topology) throws {
    var graph = topology.graph
    guard graph.inputs.count == 1, graph.inputs[0].elementType == .float32 else { return nil }
    let input = graph.inputs[0]
    guard let batch = input.shape.firstIndex(of: .symbolic("batch")) else { return nil }
    let sizes = input.shape.enumerated().filter { $0.offset != batch }.map { place, axis in
      if case .fixed(let size) = axis { size } else { 3 }
    }
    if batch == 0, sizes.count == 3 {
      shape = sizes
    } else {
      shape = [1, 1, sizes.reduce(1, *)]
      graph.inputs[0] = ValueInfo(name: "pixels", shape: [.symbolic("batch")] + shape.map { .fixed($0) })
      graph.weights["pixels.shape"] = TensorData(shape: [sizes.count + 1], integers: [-1] + sizes.map(Int64.init))
      let rows = batch == 0 ? input.name : "pixels.rows"
      var nodes = [
        Node(
          name: "pixels.cut", op: .reshape(allowsZero: false), inputs: ["pixels", "pixels.shape"], outputs: [rows])
      ]
      if batch > 0 {
        let order = Array(1...batch) + [0] + Array((batch + 1)..<(sizes.count + 1))
        nodes.append(
          Node(name: "pixels.turn", op: .transpose(permutation: order), inputs: [rows], outputs: [input.name]))
      }
      graph.nodes = nodes + graph.nodes
    }
    self.graph = graph
  }

  /// Images to score by, and labels of classes that the network tells apart.
  func source() throws -> BatchSource {
    let classes = try graph.shapes(binding: ["batch": 1])[graph.outputs[0].name]?.last ?? 1
    return try TestNetworks.source(
      TestNetworks.images(16, channels: shape[0], height: shape[1], width: shape[2], classes: min(classes, 4)))
  }

  /// Numbers to compare networks on.
  func images(_ count: Int, seed: UInt64) throws -> Tensor {
    try TorchGenerator(seed: seed).normal([count] + shape)
  }
}
