import ModelGraph

// One node after another: constants, calls, branches, and all others through the upgrade.
extension ONNXImport {
  /// Translates the nodes of the innermost scope.
  mutating func translate(_ protos: [Onnx_NodeProto]) throws {
    for (position, proto) in protos.enumerated() { try translate(proto, position: position) }
  }

  private mutating func translate(_ proto: Onnx_NodeProto, position: Int) throws {
    translatedNodes += 1
    guard translatedNodes <= Self.largestNodeCount else {
      throw ModelFormatError(.tooLarge, "The network has more than \(Self.largestNodeCount) nodes.")
    }
    let draft = try draft(of: proto, position: position)
    if draft.domain.isEmpty, draft.opType == "Constant" {
      return try define(try onlyOutput(of: proto, draft), try constantValue(of: draft))
    }
    if !draft.domain.isEmpty || Operator.named(draft.opType) == nil,
      let function = functions[ONNXFunctionKey(proto)]
    {
      return try inline(function, in: draft, outputs: proto.output)
    }
    if draft.domain.isEmpty, draft.opType == "If" {
      return try takeBranch(of: proto, draft: draft)
    }
    var defined = draft
    defined.outputs = try proto.output.map { $0.isEmpty ? "" : try define($0, by: "Node '\(draft.name)'") }
    while defined.outputs.last == "" { defined.outputs.removeLast() }
    try upgradeAndAppend(defined, usesOutput: proto.output.map { readNames.contains($0) })
  }

  /// The node with the graph's names for what it reads, and the attributes of the surrounding call in their places.
  private func draft(of proto: Onnx_NodeProto, position: Int) throws -> ONNXDraft {
    let scope = scopes[scopes.count - 1]
    let ownName = proto.name.isEmpty ? "\(proto.opType)_\(position)" : proto.name
    var draft = try ONNXDraft(
      name: nodeNames.fresh(scope.prefix + ownName), domain: Self.normalized(domain: proto.domain),
      opType: proto.opType, inputs: [], outputs: [], opset: scope.opset,
      attributes: proto.attribute.compactMap { attribute in
        guard !attribute.refAttrName.isEmpty else { return attribute }
        // Without the attribute in the call its default counts, which is that of the node.
        guard var given = scope.callAttributes[attribute.refAttrName] else { return nil }
        given.name = attribute.name
        return given
      })
    draft.inputs = try proto.input.map { name in
      if name.isEmpty { return "" }
      guard let value = resolve(name) else {
        throw draft.failure(.malformed, "reads '\(name)', which nothing before it makes")
      }
      return value
    }
    while draft.inputs.last == "" { draft.inputs.removeLast() }
    return draft
  }

  /// The network's name of what the innermost scope calls `name`. A branch sees what surrounds it, a function does not.
  func resolve(_ name: String) -> String? {
    for scope in scopes.reversed() {
      if let value = scope.names[name] { return value }
      if scope.kind == .function { return nil }
    }
    return nil
  }

  private func onlyOutput(of proto: Onnx_NodeProto, _ draft: ONNXDraft) throws -> String {
    guard let output = proto.output.first, !output.isEmpty else { throw draft.failure(.malformed, "has no output") }
    return output
  }

  private func constantValue(of draft: ONNXDraft) throws -> TensorData {
    var attributes = draft.attributes
    let owner = "The constant '\(draft.name)'"
    var values: [TensorData] = []
    if let value = try attributes.take("value", .tensor) { values.append(try tensors.read(value.t, owner: owner)) }
    if let value = try attributes.take("sparse_value", .sparseTensor) {
      values.append(try tensors.read(sparse: value.sparseTensor, owner: owner))
    }
    if let value = try attributes.takeFloat("value_float") { values.append(TensorData(shape: [], floats: [value])) }
    if let floats = try attributes.takeFloats("value_floats") {
      values.append(TensorData(shape: [floats.count], floats: floats))
    }
    if let value = try attributes.takeInteger("value_int") { values.append(TensorData(shape: [], integers: [value])) }
    if let integers = try attributes.takeIntegers("value_ints") {
      values.append(TensorData(shape: [integers.count], integers: integers))
    }
    if let name = attributes.leftOver {
      throw draft.failure(.unsupportedForm, "holds its value as '\(name)', which is not known or a text")
    }
    guard let value = values.first, values.count == 1 else {
      throw draft.failure(.malformed, "holds \(values.count) values, not one")
    }
    return value
  }

  /// Brings the node to the newest form, which may take several nodes and constants, and appends it.
  mutating func upgradeAndAppend(_ draft: ONNXDraft, usesOutput: [Bool]) throws {
    var upgrade = ONNXUpgrade(
      draft, facts: draft.inputs.map { facts[$0] }, sizesAreKnown: sizesAreKnown, usesOutput: usesOutput,
      lists: lists, valueNames: valueNames, nodeNames: nodeNames)
    try upgrade.run()
    for (name, data) in upgrade.constants {
      weights[name] = data
      facts[name] = ValueFact(data)
    }
    lists = upgrade.lists
    for part in upgrade.before + [upgrade.draft] + upgrade.after { try append(part) }
  }

  private mutating func append(_ draft: ONNXDraft) throws {
    guard draft.domain.isEmpty, var op = Operator.named(draft.opType) else {
      throw ONNXForeignOperator.refusal(of: draft)
    }
    guard !draft.outputs.isEmpty else { throw draft.failure(.malformed, "has no output") }
    var reader = ONNXAttributeReader(draft.attributes, tensors: tensors)
    do {
      try op.codeAttributes(with: &reader)
    } catch let error as GraphError {
      throw draft.failure(.unsupportedForm, "has an attribute that does not fit: \(error.message)")
    }
    try reader.finish()
    if case .cast(let cast) = op, cast.to == nil { throw draft.failure(.malformed, "does not say to which type") }
    let node = Node(name: draft.name, op: op, inputs: draft.inputs, outputs: draft.outputs)
    nodes.append(node)
    try infer(node)
  }
}
