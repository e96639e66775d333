import Foundation
import ModelGraph

/// Translates an ONNX model to a `Graph`, node by node in the file's (topological) order.
///
/// Shapes are inferred along the way, since some forms (SAME padding, reshapes) can only be resolved with them.
struct ONNXImport {
  private let model: Onnx_ModelProto
  private let opset: Int
  private var tensors: ONNXTensorReader
  private var constants: [String: TensorData] = [:]
  private var shapes: [String: [Int]] = [:]
  private var nodes: [Node] = []
  private var nodeNames = Set<String>()
  /// No input has a symbolic axis but its first, so that inferred sizes hold whatever the batch.
  private var sizesAreKnown = true
  /// Bytes of constants that nodes made rather than the file held.
  private var computedBytes = 0

  init(_ model: Onnx_ModelProto, externalDataFolder: URL?) throws {
    self.model = model
    tensors = ONNXTensorReader(externalData: ONNXExternalData(folder: externalDataFolder))
    guard let version = model.opsetImport.first(where: { $0.domain.isEmpty || $0.domain == "ai.onnx" })?.version else {
      throw ModelFormatError(
        .malformed, "The bytes name no ONNX operator set.", remedy: "Check that the file is an ONNX network.")
    }
    guard let opset = Int(exactly: version), ONNXFile.readableOpsets.contains(opset), opset < 1000 else {
      throw ModelFormatError(
        .unsupportedVersion, "The network uses operator set \(version); 7 and newer are read.",
        remedy: "Export it again with a newer operator set (17, say).")
    }
    self.opset = opset
  }

  mutating func graph() throws -> Graph {
    try readInitializers()
    let inputs = try readInputs()
    let consumed = consumedNames()
    for (position, proto) in model.graph.node.enumerated() {
      try translate(proto, position: position, consumed: consumed)
    }
    let outputs = try model.graph.output.map { try valueInfo($0, inferred: shapes[$0.name], like: inputs.first) }
    let read = Set(nodes.flatMap(\.inputs) + outputs.map(\.name))
    var metadata = Dictionary(
      model.metadataProps.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    if !tensors.convertedTypes.isEmpty {
      metadata["coppice.converted-from"] = tensors.convertedTypes.map(\.rawValue).sorted().joined(separator: ", ")
    }
    let graph = Graph(
      name: model.graph.name, inputs: inputs, outputs: outputs, nodes: nodes,
      weights: constants.filter { read.contains($0.key) }, metadata: metadata, opset: opset)
    try check(graph)
    return graph
  }

  // MARK: Values

  private mutating func readInitializers() throws {
    if let sparse = model.graph.sparseInitializer.first {
      throw ModelFormatError(
        .unsupportedForm, "The weight '\(sparse.values.name)' is stored sparsely.",
        remedy: "Export the network with dense weights.")
    }
    for tensor in model.graph.initializer {
      guard !tensor.name.isEmpty, constants[tensor.name] == nil else {
        throw ModelFormatError(.malformed, "The weight '\(tensor.name)' has no name, or is there twice.")
      }
      try define(tensor.name, try tensors.read(tensor, owner: "The weight '\(tensor.name)'"))
    }
  }

  /// The inputs that are not weights; old format versions list the weights too.
  private mutating func readInputs() throws -> [ValueInfo] {
    var inputs: [ValueInfo] = []
    for proto in model.graph.input where constants[proto.name] == nil {
      let input = try valueInfo(proto, inferred: nil, like: nil)
      let sizes = input.shape.map { dimension in
        if case .fixed(let size) = dimension { size } else { 1 }
      }
      guard isReasonable(sizes) else {
        throw ModelFormatError(.tooLarge, "The input '\(input.name)' has the shape \(sizes).")
      }
      for case .symbolic in input.shape.dropFirst() { sizesAreKnown = false }
      shapes[input.name] = sizes
      inputs.append(input)
    }
    return inputs
  }

  /// Axes without a size or a name take `reference`'s batch when they come first, and else a name from the value and
  /// axis.
  private func valueInfo(_ proto: Onnx_ValueInfoProto, inferred: [Int]?, like reference: ValueInfo?) throws -> ValueInfo
  {
    guard case .tensorType(let tensor) = proto.type.value else {
      throw ModelFormatError(
        .unsupportedType, "The network's input or output '\(proto.name)' is not a tensor of a stated type.")
    }
    let type = try ElementType(onnxCode: tensor.elemType, of: "The input or output '\(proto.name)'")
    let elementType = type.isFloatingPoint ? .float32 : type
    func open(_ axis: Int) -> ModelGraph.Dimension {
      if axis == 0, case .symbolic(let name)? = reference?.shape.first { return .symbolic(name) }
      if axis == 0, reference == nil { return .symbolic("batch") }
      if let inferred, axis < inferred.count, sizesAreKnown { return .fixed(inferred[axis]) }
      return .symbolic("\(proto.name).\(axis)")
    }
    guard tensor.hasShape else {
      guard let inferred else {
        throw ModelFormatError(
          .unsupportedForm, "The shape of '\(proto.name)' is neither stated nor known.",
          remedy: "Export the network with the shapes of its inputs.")
      }
      return ValueInfo(name: proto.name, elementType: elementType, shape: inferred.indices.map(open))
    }
    let shape: [ModelGraph.Dimension] = tensor.shape.dim.enumerated().map { axis, dimension in
      switch dimension.value {
      case .dimValue(let size) where size > 0: .fixed(Int(size))
      case .dimParam(let name) where !name.isEmpty: .symbolic(name)
      default: open(axis)
      }
    }
    return ValueInfo(name: proto.name, elementType: elementType, shape: shape)
  }

  private func consumedNames() -> Set<String> {
    Set(model.graph.node.flatMap(\.input)).union(model.graph.output.map(\.name))
  }

  /// Axes up to 2^24 and 2^40 elements in all: far more than fits, yet no product or sum of them overflows.
  private func isReasonable(_ shape: [Int], axisLimit: Int = 1 << 24) -> Bool {
    guard shape.count <= 16, shape.allSatisfy({ $0 <= axisLimit }) else { return false }
    guard let count = TensorData.checkedElementCount(of: shape.map { max($0, 1) }) else { return false }
    return count <= 1 << 40
  }

  // MARK: Nodes

  private mutating func translate(_ proto: Onnx_NodeProto, position: Int, consumed: Set<String>) throws {
    let name = uniqueName(for: proto, position: position)
    guard let output = proto.output.first, !output.isEmpty else {
      throw ModelFormatError(.malformed, "Node '\(name)' (\(proto.opType)) has no output.")
    }
    if let second = proto.output.dropFirst().first(where: { !$0.isEmpty && consumed.contains($0) }) {
      throw ModelFormatError(
        .unsupportedForm, "Node '\(name)' (\(proto.opType)) gives a second result, '\(second)', which is used.",
        remedy: "Export the network in evaluation mode, without indices or masks.")
    }
    guard constants[output] == nil else {
      throw ModelFormatError(.malformed, "Node '\(name)' (\(proto.opType)) makes '\(output)' a second time.")
    }
    if proto.opType == "Constant", proto.domain.isEmpty || proto.domain == "ai.onnx" {
      return try define(output, try constantValue(of: proto, name: name))
    }
    var reader = try ONNXNodeReader(
      proto, name: name, opset: opset, constants: proto.input.map { constants[$0] },
      shapes: proto.input.map { shapes[$0] }, sizesAreKnown: sizesAreKnown)
    switch try reader.translation() {
    case .constant(let data):
      // The other constants share the bytes of one that the file holds.
      if proto.opType == "ConstantOfShape" { computedBytes += data.bytes.count }
      guard computedBytes <= ONNXNodeReader.largestConstant else {
        throw reader.failure(.tooLarge, "brings the constants that are made while reading above 1 GiB")
      }
      try define(output, data)
    case .node(let op, let inputCount):
      let node = Node(name: name, op: op, inputs: Array(reader.inputs.prefix(inputCount)), outputs: [output])
      try inferShape(of: node)
      nodes.append(node)
    }
  }

  private mutating func define(_ name: String, _ data: TensorData) throws {
    guard isReasonable(data.shape, axisLimit: .max) else {
      throw ModelFormatError(.tooLarge, "The constant '\(name)' has the shape \(data.shape).")
    }
    constants[name] = data
    shapes[name] = data.shape
  }

  private mutating func constantValue(of proto: Onnx_NodeProto, name: String) throws -> TensorData {
    guard let attribute = proto.attribute.first, proto.attribute.count == 1 else {
      throw ModelFormatError(.malformed, "Node '\(name)' (Constant) has \(proto.attribute.count) attributes, not one.")
    }
    switch attribute.name {
    case "value": return try tensors.read(attribute.t, owner: "The constant '\(name)'")
    case "value_float": return TensorData(shape: [], floats: [attribute.f])
    case "value_floats": return TensorData(shape: [attribute.floats.count], floats: attribute.floats)
    case "value_int": return TensorData(shape: [], integers: [attribute.i])
    case "value_ints": return TensorData(shape: [attribute.ints.count], integers: attribute.ints)
    default:
      throw ModelFormatError(
        .unsupportedForm, "Node '\(name)' (Constant) holds its value as '\(attribute.name)', which we do not know.")
    }
  }

  /// A node's own name where it has one that is not taken, else its operator and position.
  private mutating func uniqueName(for proto: Onnx_NodeProto, position: Int) -> String {
    let wished = proto.name.isEmpty ? "\(proto.opType)_\(position)" : proto.name
    var name = wished
    var suffix = 2
    while !nodeNames.insert(name).inserted {
      name = "\(wished)_\(suffix)"
      suffix += 1
    }
    return name
  }

  /// With a symbolic height or width nothing is certain, so that only then a misfit is not an error.
  private mutating func inferShape(of node: Node) throws {
    var known: [[Int]?] = []
    for input in node.inputs {
      guard !input.isEmpty else {
        known.append(nil)
        continue
      }
      guard let shape = shapes[input] else { return }
      known.append(shape)
    }
    do {
      let shape = try node.outputShape(of: known)
      guard isReasonable(shape) else {
        throw ModelFormatError(.tooLarge, "Node '\(node.name)' (\(node.op.onnxName)) makes the shape \(shape).")
      }
      shapes[node.outputs[0]] = shape
    } catch let error as GraphError where sizesAreKnown {
      throw ModelFormatError(.malformed, error.message, remedy: error.remedy)
    } catch is GraphError {
      return
    }
  }

  private func check(_ graph: Graph) throws {
    do {
      try graph.validate()
    } catch let error as GraphError {
      throw ModelFormatError(.malformed, error.message, remedy: error.remedy)
    }
    let roles = graph.weightRoles()
    for (name, role) in roles.sorted(by: { $0.key < $1.key }) where role != .constant {
      guard let weight = graph.weights[name], weight.elementType != .float32 else { continue }
      throw ModelFormatError(
        .unsupportedType, "The weight '\(name)' holds \(weight.elementType.rawValue) numbers, which cannot be trained.",
        remedy: "Export the network with float32 weights.")
    }
  }
}
