import Foundation
import ModelGraph

/// Writes a `Graph` as an ONNX model. What ONNX wants as an input and we hold as an attribute becomes an initialiser.
struct ONNXExport {
  private let graph: Graph
  private let opset: Int
  private var takenNames: Set<String>
  private var extraConstants: [(name: String, data: TensorData)] = []

  init(_ graph: Graph) {
    self.graph = graph
    opset = ONNXFile.exportedOpset(for: graph.opset)
    takenNames = Set(graph.weights.keys).union(graph.inputs.map(\.name)).union(graph.nodes.flatMap(\.outputs))
  }

  mutating func model() throws -> Onnx_ModelProto {
    var model = Onnx_ModelProto()
    // Format version 8 came with operator set 15 and 9 with 19; each allows the older sets too.
    model.irVersion = opset < 19 ? 8 : 9
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
    model.graph.node = graph.nodes.map { node($0) }
    model.graph.initializer =
      graph.weights.sorted { $0.key < $1.key }.map { Onnx_TensorProto($0.key, $0.value) }
      + extraConstants.map { Onnx_TensorProto($0.name, $0.data) }
    return model
  }

  private func valueInfo(_ value: ValueInfo) -> Onnx_ValueInfoProto {
    var tensor = Onnx_TypeProto.Tensor()
    tensor.elemType = value.elementType.onnxCode
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

  private mutating func node(_ node: Node) -> Onnx_NodeProto {
    var proto = Onnx_NodeProto()
    proto.name = node.name
    proto.opType = node.op.onnxName
    proto.input = node.inputs
    proto.output = node.outputs
    switch node.op {
    case .convolution(let convolution):
      proto.set("dilations", convolution.dilations)
      proto.set("group", convolution.groups)
      proto.set("kernel_shape", convolution.kernel)
      proto.set("pads", convolution.padding.onnxOrder)
      proto.set("strides", convolution.strides)
    case .batchNormalization(let normalization):
      proto.set("epsilon", normalization.epsilon)
      proto.set("momentum", 1 - normalization.momentum)
    case .gemm(let gemm):
      proto.set("alpha", gemm.alpha)
      proto.set("beta", gemm.beta)
      proto.set("transA", gemm.transposesA ? 1 : 0)
      proto.set("transB", gemm.transposesB ? 1 : 0)
    case .activation(.leakyRelu(let slope)):
      proto.set("alpha", slope)
    case .activation(.clip(let minimum, let maximum)):
      proto.input += [limit(node, "min", minimum), limit(node, "max", maximum)]
      while proto.input.last == "" { proto.input.removeLast() }
    case .activation(.relu), .activation(.sigmoid), .activation(.tanh), .globalAveragePool, .elementwise, .identity:
      break
    case .maxPool(let pooling):
      proto.set(pooling)
    case .averagePool(let pooling):
      proto.set("count_include_pad", pooling.countsPadding ? 1 : 0)
      proto.set(pooling)
    case .concat(let axis), .flatten(let axis), .softmax(let axis):
      proto.set("axis", axis)
    case .slice(let slice):
      proto.input += [
        integers(node, "starts", slice.starts), integers(node, "ends", slice.ends),
        integers(node, "axes", slice.axes), integers(node, "steps", slice.steps),
      ]
    case .pad(let pad):
      proto.set("mode", "constant")
      proto.input.append(integers(node, "pads", pad.before + pad.after))
      if pad.value != 0 { proto.input.append(constant(node, "value", TensorData(shape: [], floats: [pad.value]))) }
    case .reduceMean(let axes, let keepsAxes):
      proto.set("keepdims", keepsAxes ? 1 : 0)
      if opset < 18 {
        proto.set("axes", axes)
      } else {
        proto.input.append(integers(node, "axes", axes))
      }
    case .dropout(let ratio):
      proto.input.append(constant(node, "ratio", TensorData(shape: [], floats: [Float(ratio)])))
    }
    return proto
  }

  /// An infinite limit is an absent input.
  private mutating func limit(_ node: Node, _ part: String, _ value: Double) -> String {
    guard value.isFinite else { return "" }
    return constant(node, part, TensorData(shape: [], floats: [Float(value)]))
  }

  private mutating func integers(_ node: Node, _ part: String, _ values: [Int]) -> String {
    constant(node, part, TensorData(shape: [values.count], integers: values.map(Int64.init)))
  }

  private mutating func constant(_ node: Node, _ part: String, _ data: TensorData) -> String {
    var name = "\(node.name).\(part)"
    while !takenNames.insert(name).inserted { name += "_" }
    extraConstants.append((name, data))
    return name
  }
}

extension Padding {
  /// ONNX's order: the beginnings of all axes, then their ends.
  fileprivate var onnxOrder: [Int] { [top, left, bottom, right] }
}

extension Onnx_NodeProto {
  fileprivate mutating func set(_ name: String, _ value: Int) {
    append(name, .int) { $0.i = Int64(value) }
  }

  fileprivate mutating func set(_ name: String, _ values: [Int]) {
    append(name, .ints) { $0.ints = values.map(Int64.init) }
  }

  fileprivate mutating func set(_ name: String, _ value: Double) {
    append(name, .float) { $0.f = Float(value) }
  }

  fileprivate mutating func set(_ name: String, _ value: String) {
    append(name, .string) { $0.s = Data(value.utf8) }
  }

  fileprivate mutating func set(_ pooling: Pooling) {
    set("ceil_mode", pooling.ceilMode ? 1 : 0)
    set("kernel_shape", pooling.kernel)
    set("pads", pooling.padding.onnxOrder)
    set("strides", pooling.strides)
  }

  private mutating func append(
    _ name: String, _ type: Onnx_AttributeProto.AttributeType, _ fill: (inout Onnx_AttributeProto) -> Void
  ) {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = type
    fill(&attribute)
    self.attribute.append(attribute)
  }
}
