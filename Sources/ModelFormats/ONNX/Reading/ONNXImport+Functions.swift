import ModelGraph

/// What a node names a function by.
struct ONNXFunctionKey: Hashable {
  let domain: String
  let name: String
  let overload: String

  init(_ node: Onnx_NodeProto) {
    domain = ONNXImport.normalized(domain: node.domain)
    name = node.opType
    overload = node.overload
  }

  init(_ function: Onnx_FunctionProto) {
    domain = ONNXImport.normalized(domain: function.domain)
    name = function.name
    overload = function.overload
  }
}

// Functions that the file brings along stand where they are called.
extension ONNXImport {
  /// Functions within functions within branches, at most; deeper ones call each other in a circle.
  static let largestDepth = 100

  static func functions(of model: Onnx_ModelProto) throws -> [ONNXFunctionKey: Onnx_FunctionProto] {
    var result: [ONNXFunctionKey: Onnx_FunctionProto] = [:]
    for function in model.functions {
      guard result.updateValue(function, forKey: ONNXFunctionKey(function)) == nil else {
        throw ModelFormatError(.malformed, "The function '\(function.domain).\(function.name)' is there twice.")
      }
    }
    return result
  }

  /// Puts the function's nodes in the place of the node that calls it. Its names get the call's before them.
  mutating func inline(_ function: Onnx_FunctionProto, in call: ONNXDraft, outputs: [String]) throws {
    try requireDepth(call)
    guard call.inputs.count <= function.input.count, outputs.count <= function.output.count else {
      throw call.failure(
        .malformed,
        "passes \(call.inputs.count) inputs and \(outputs.count) outputs to a function with \(function.input.count) "
          + "and \(function.output.count)")
    }
    var opsets = try Self.opsets(of: function.opsetImport, owner: "The function '\(function.name)'")
    if opsets[""] == nil { opsets[""] = opset }
    var scope = ONNXScope(.function, opsets: opsets)
    scope.prefix = call.name + "/"
    scope.callAttributes = try callAttributes(of: function, call)
    for (position, name) in function.input.enumerated() {
      scope.bind(name, to: position < call.inputs.count ? call.inputs[position] : "")
    }
    try inline(function.node, in: scope, inner: function.output, outer: outputs, call)
  }

  private func callAttributes(of function: Onnx_FunctionProto, _ call: ONNXDraft) throws
    -> [String: Onnx_AttributeProto]
  {
    var result = Dictionary(function.attributeProto.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    var given = call.attributes
    for name in function.attribute + function.attributeProto.map(\.name) {
      if let attribute = given.takeAny(name) { result[name] = attribute }
    }
    if let name = given.leftOver {
      throw call.failure(.malformed, "passes the attribute '\(name)', which the function does not have")
    }
    return result
  }

  /// Translates `protos` in `scope`. Their results `inner` are the values `outer` of the scope around it.
  mutating func inline(
    _ protos: [Onnx_NodeProto], of graph: Onnx_GraphProto? = nil, in scope: ONNXScope, inner: [String],
    outer: [String], _ owner: ONNXDraft
  ) throws {
    let results = try outer.map { $0.isEmpty ? "" : try define($0, by: "Node '\(owner.name)'") }
    var scope = scope
    for (name, result) in zip(inner, results) where !result.isEmpty { scope.wish(name, as: result) }
    scopes.append(scope)
    if let graph { try readInitializers(graph) }
    try translate(protos)
    let values = inner.map { resolve($0) }
    scopes.removeLast()
    for ((name, value), result) in zip(zip(inner, values), results) where !result.isEmpty && value != result {
      guard let value, !value.isEmpty else {
        throw owner.failure(.malformed, "has the result '\(name)', which nothing in it makes")
      }
      // What is passed through, or given twice, has another name inside.
      try upgradeAndAppend(
        try ONNXDraft(
          name: nodeNames.fresh(owner.name), opType: "Identity", inputs: [value], outputs: [result], opset: opset),
        usesOutput: [true])
    }
  }

  func requireDepth(_ draft: ONNXDraft) throws {
    guard scopes.count < Self.largestDepth else {
      throw draft.failure(
        .malformed, "lies \(Self.largestDepth) functions or branches deep",
        remedy: "Check that no function of the network calls itself.")
    }
  }
}
