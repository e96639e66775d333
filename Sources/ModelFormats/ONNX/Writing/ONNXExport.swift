import Foundation
import ModelGraph

/// Writes a `Graph` as an ONNX model: nodes, values and weights keep their names, weights their element types, inputs and outputs the
/// types that they are declared with.
struct ONNXExport {
  private let graph: Graph
  private let outside: ONNXOutsideWeights?

  init(_ graph: Graph, outside: ONNXOutsideWeights? = nil) {
    self.graph = Self.prepared(graph)
    self.outside = outside
  }

  /// The network as the file will hold it, with nodes that reading removes again.
  static func prepared(_ graph: Graph) -> Graph { graph.narrowingWeights().castingBorders().packingPositions() }

  /// Throws `GraphError` for an operator whose attributes cannot be written.
  func model() throws -> Onnx_ModelProto {
    let nodes = try graph.nodes.map(node)
    let opset = Self.opset(of: graph, nodes: nodes)
    var model = Onnx_ModelProto()
    model.irVersion = ONNXOperatorSets.formatVersion(for: opset)
    model.producerName = "coppice"
    model.producerVersion = ONNXFile.producerVersion
    var set = Onnx_OperatorSetIdProto()
    set.domain = ""
    set.version = Int64(opset)
    model.opsetImport = [set]
    model.metadataProps = graph.metadata.sorted { $0.key < $1.key }.map { key, value in
      var entry = Onnx_StringStringEntryProto()
      entry.key = key
      entry.value = value
      return entry
    }
    model.graph.name = graph.name
    model.graph.input = graph.inputs.map(valueInfo)
    model.graph.output = graph.outputs.map(valueInfo)
    model.graph.node = nodes
    model.graph.initializer = graph.weights.sorted { $0.key < $1.key }.map {
      outside?.tensor($0.key, $0.value) ?? Onnx_TensorProto($0.key, $0.value)
    }
    return model
  }

  /// The operator set that the network is written with: its own, unless that is older than what we write or than what one
  /// of its operators needs.
  func opset() throws -> Int { Self.opset(of: graph, nodes: try graph.nodes.map(node)) }

  private static func opset(of graph: Graph, nodes: [Onnx_NodeProto]) -> Int {
    let range = ONNXFile.writableOpsets
    let needed = nodes.map(ONNXOperatorSets.oldest).max() ?? 1
    return min(max(graph.opset, needed, range.lowerBound), range.upperBound)
  }

  private func valueInfo(_ value: ValueInfo) -> Onnx_ValueInfoProto {
    var tensor = Onnx_TypeProto.Tensor()
    tensor.elemType = value.elementType.onnxCode
    // A scalar has a shape too, of no axes.
    tensor.shape = Onnx_TensorShapeProto()
    tensor.shape.dim = value.shape.map { dimension in
      var proto = Onnx_TensorShapeProto.Dimension()
      switch dimension {
      case .fixed(let size): proto.dimValue = Int64(size)
      case .symbolic(let name): proto.dimParam = name
      }
      return proto
    }
    var proto = Onnx_ValueInfoProto()
    proto.name = value.name
    proto.type.tensorType = tensor
    return proto
  }

  private func node(_ node: Node) throws -> Onnx_NodeProto {
    var proto = Onnx_NodeProto()
    proto.name = node.name
    proto.opType = node.op.onnxName
    proto.input = node.inputs
    proto.output = node.outputs
    var writer = ONNXAttributeWriter()
    var op = node.op
    try op.codeAttributes(with: &writer)
    proto.attribute = writer.attributes
    if case .split = op, node.inputs.count < 2 || node.inputs[1].isEmpty {
      proto.attribute.append(Onnx_AttributeProto("num_outputs", integer: node.outputs.count))
    }
    if case .batchNormalization(let normalization) = op, normalization.usesBatchStatistics {
      proto.output = trainingOutputs(of: node)
    }
    return proto
  }

  /// With statistics of the batch ONNX wants the running ones as results as well, whether or not anything reads them.
  private func trainingOutputs(of node: Node) -> [String] {
    var outputs = node.outputs
    var taken = Set(graph.weights.keys).union(graph.inputs.map(\.name)).union(graph.nodes.flatMap(\.outputs))
    for part in ["running_mean", "running_var"].dropFirst(max(outputs.count - 1, 0)) {
      var name = "\(node.name).\(part)"
      while !taken.insert(name).inserted { name += "_" }
      outputs.append(name)
    }
    return outputs
  }
}
