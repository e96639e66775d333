import ModelGraph
import Support

// Weights, inputs and outputs.
extension ONNXImport {
  // MARK: Weights

  /// Defines the weights of the network or a branch that something reads.
  mutating func readInitializers(_ graph: Onnx_GraphProto) throws {
    for tensor in graph.initializer where try isWanted(tensor.name) {
      try define(tensor.name, try tensors.read(tensor, owner: "The weight '\(tensor.name)'"))
    }
    for tensor in graph.sparseInitializer where try isWanted(tensor.values.name) {
      let name = tensor.values.name
      try define(name, try tensors.read(sparse: tensor, owner: "The weight '\(name)'"))
    }
  }

  private func isWanted(_ name: String) throws -> Bool {
    guard !name.isEmpty else { throw ModelFormatError(.malformed, "A weight has no name.") }
    return readNames.contains(name)
  }

  /// A value of the innermost scope that is a constant.
  mutating func define(_ name: String, _ data: TensorData) throws {
    let value = try define(name, by: "A weight")
    if scopes.count > 1 {
      nestedBytes += data.bytes.count
      guard nestedBytes <= Self.largestNestedBytes else {
        throw ModelFormatError(
          .tooLarge, "The constants in branches and functions take more than \(Units.bytes(Self.largestNestedBytes)).")
      }
    }
    weights[value] = data
    facts[value] = ValueFact(data)
  }

  /// What the value `name` of the innermost scope is called in the network.
  mutating func define(_ name: String, by owner: String) throws -> String {
    guard let value = scopes[scopes.count - 1].define(name, with: valueNames) else {
      throw ModelFormatError(.malformed, "\(owner) makes '\(name)' a second time.")
    }
    return value
  }

  // MARK: Inputs

  /// The inputs that are not weights; old format versions list the weights too.
  mutating func readInputs() throws {
    var unused = Set(fixed.keys)
    let weightNames = Set(
      model.graph.initializer.map(\.name) + model.graph.sparseInitializer.map(\.values.name))
    for proto in model.graph.input where !weightNames.contains(proto.name) {
      let input = try input(proto)
      if let value = fixed[proto.name] {
        unused.remove(proto.name)
        try define(proto.name, try constant(value, for: input))
        continue
      }
      _ = try define(input.name, by: "The list of inputs")
      inputs.append(input)
      for case .symbolic(let name) in input.shape where fixed[name] == nil { binding[name] = 1 }
    }
    for position in inputs.indices {
      inputs[position].shape = try inputs[position].shape.map { dimension in
        guard case .symbolic(let name) = dimension, let size = fixed[name] else { return dimension }
        unused.remove(name)
        guard (1...Int(Int32.max)).contains(size) else {
          throw ModelFormatError(.badSetting, "The axis '\(name)' cannot have the size \(size).")
        }
        return .fixed(size)
      }
      facts[inputs[position].name] = ValueFact(inputs[position].elementType, shape: bound(inputs[position].shape))
    }
    if let name = unused.min() {
      let names = model.graph.input.map(\.name).filter { !weightNames.contains($0) } + binding.keys.sorted()
      throw ModelFormatError(
        .badSetting, "The network has no input and no axis '\(name)' that could be set.",
        remedy: "Its inputs and open axes are: \(names.joined(separator: ", ")).")
    }
  }

  func bound(_ shape: [Dimension]) -> [Int] {
    shape.map { dimension in
      switch dimension {
      case .fixed(let size): size
      case .symbolic(let name): binding[name] ?? 1
      }
    }
  }

  private func input(_ proto: Onnx_ValueInfoProto) throws -> ValueInfo {
    let (type, shape) = try tensorType(proto, "input")
    guard let type else {
      throw ModelFormatError(.malformed, "The input '\(proto.name)' has no element type.")
    }
    guard let shape else {
      throw ModelFormatError(
        .unsupportedForm, "The input '\(proto.name)' does not say how many axes it has.",
        remedy: "Export the network with the shapes of its inputs; open axes may have names or no size.")
    }
    return ValueInfo(
      name: proto.name, elementType: type,
      shape: shape.enumerated().map { axis, size in
        // The first axis of an input is the batch unless the file says otherwise.
        size ?? .symbolic(axis == 0 ? "batch" : "\(proto.name).\(axis)")
      })
  }

  /// The value that the reader of the file chose for an input of one number.
  private func constant(_ value: Int, for input: ValueInfo) throws -> TensorData {
    let shape = input.shape.map { dimension in if case .fixed(let size) = dimension { size } else { 1 } }
    guard shape.allSatisfy({ $0 == 1 }), let data = TensorData(Double(value), input.elementType, shape: shape) else {
      throw ModelFormatError(
        .badSetting,
        "The input '\(input.name)' (\(input.elementType.rawValue) \(shape)) cannot be set to \(value).",
        remedy: "Only inputs of one number can be set, within the range of their type.")
    }
    return data
  }

  // MARK: Outputs

  /// Axes without a size or name take the name of the input axis that they follow, else one from the value and axis.
  func readOutputs() throws -> [ValueInfo] {
    var axes: ONNXOpenAxes?
    return try model.graph.output.map { proto in
      let (type, stated) = try tensorType(proto, "output")
      let fact = facts[proto.name]
      var shape = stated
      if let known = fact?.shape, known.count != stated?.count { shape = known.map { _ in nil } }
      guard let shape, let type = fact?.elementType ?? type else {
        throw ModelFormatError(
          .unsupportedForm, "The shape or type of the output '\(proto.name)' is neither stated nor known.",
          remedy: "Export the network with the shapes of its outputs.")
      }
      if shape.contains(nil), axes == nil { axes = ONNXOpenAxes(networkSoFar, binding: binding, facts: facts) }
      let sizes = shape.enumerated().map { axis, size in
        size ?? axes?.dimension(axis, of: proto.name) ?? .symbolic("\(proto.name).\(axis)")
      }
      return ValueInfo(name: proto.name, elementType: type, shape: sizes)
    }
  }

  /// No input has a symbolic axis but its first, so that inferred sizes hold whatever the batch.
  var sizesAreKnown: Bool {
    inputs.allSatisfy { input in
      input.shape.dropFirst().allSatisfy { if case .fixed = $0 { true } else { false } }
    }
  }

  /// The element type and shape that the file states; nil for what is not stated, and for open axes.
  private func tensorType(_ proto: Onnx_ValueInfoProto, _ kind: String) throws -> (ElementType?, [Dimension?]?) {
    guard case .tensorType(let tensor) = proto.type.value else {
      throw ModelFormatError(
        .unsupportedType, "The \(kind) '\(proto.name)' is not a tensor but a sequence, a map or an optional value.",
        remedy: "Export the network with tensors for inputs and outputs.")
    }
    let type =
      tensor.elemType == 0 ? nil : try ElementType(onnxCode: tensor.elemType, of: "The \(kind) '\(proto.name)'")
    guard tensor.hasShape else { return (type, nil) }
    let shape: [Dimension?] = try tensor.shape.dim.map { dimension in
      switch dimension.value {
      case .dimValue(let size) where size > Int64(Int32.max):
        throw ModelFormatError(.tooLarge, "The \(kind) '\(proto.name)' has an axis of \(size) elements.")
      case .dimValue(let size) where size > 0: return .fixed(Int(size))
      case .dimParam(let name) where !name.isEmpty: return .symbolic(name)
      default: return nil
      }
    }
    let sizes = shape.map { size in if case .fixed(let size)? = size { size } else { 1 } }
    guard sizes.count <= 16, let count = TensorData.checkedElementCount(of: sizes), count <= 1 << 40 else {
      throw ModelFormatError(.tooLarge, "The \(kind) '\(proto.name)' has the shape \(sizes.prefix(16)).")
    }
    return (type, shape)
  }
}
