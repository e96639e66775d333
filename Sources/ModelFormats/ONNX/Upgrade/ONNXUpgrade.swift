import ModelGraph

/// Brings one node from the form of its operator set to that of ONNX's newest: attributes that have become inputs, defaults
/// and meanings that have changed, operators that were replaced by others.
///
/// The node itself stays last among what it becomes, unless `after` holds what puts its result in shape; constants and
/// helper nodes get names from its own.
struct ONNXUpgrade {
  var draft: ONNXDraft
  /// What is known of the inputs, by position.
  let facts: [ValueFact?]
  /// Sizes in `facts` hold for every axis but the first.
  let sizesAreKnown: Bool
  /// Whether something reads the output, by position.
  let usesOutput: [Bool]
  let opset: Int
  private let valueNames: ONNXNames
  private let nodeNames: ONNXNames

  private(set) var constants: [(name: String, data: TensorData)] = []
  /// The constants of integers of this and earlier nodes, so that a file does not grow by one list of axes for each node.
  private(set) var lists: [TensorData: String]
  /// Nodes that prepare inputs.
  private(set) var before: [ONNXDraft] = []
  /// Nodes that finish outputs.
  private(set) var after: [ONNXDraft] = []

  init(
    _ draft: ONNXDraft, facts: [ValueFact?], sizesAreKnown: Bool, usesOutput: [Bool], lists: [TensorData: String],
    valueNames: ONNXNames, nodeNames: ONNXNames
  ) {
    self.draft = draft
    self.facts = facts
    self.sizesAreKnown = sizesAreKnown
    self.usesOutput = usesOutput
    self.lists = lists
    self.valueNames = valueNames
    self.nodeNames = nodeNames
    opset = draft.opset
  }

  mutating func run() throws {
    if draft.domain == "com.microsoft" { try replaceContributedOperator() }
    guard draft.domain.isEmpty else { return }
    if opset < 7 { try upgradeFirstForms() }
    switch draft.opType {
    case "Slice", "Pad", "Clip", "Squeeze", "Unsqueeze", "Split", "TopK", "Dropout", "DFT":
      try moveAttributesToInputs()
    case "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
      "ReduceLogSum", "ReduceLogSumExp":
      try upgradeReduction()
    case "Softmax", "LogSoftmax", "Hardmax": try upgradeSoftmax()
    case "Upsample": try upgradeUpsample()
    case "Resize": try upgradeResize()
    case "BatchNormalization": try upgradeBatchNormalization()
    case "GroupNormalization": try upgradeGroupNormalization()
    case "GridSample" where opset < 20: try upgradeGridSample()
    case "RoiAlign" where opset < 16 && !draft.attributes.contains("coordinate_transformation_mode"):
      // Without the half pixel, which is the default since operator set 16.
      draft.attributes.set(Onnx_AttributeProto("coordinate_transformation_mode", text: "output_half_pixel"))
    case "Scatter": draft.opType = "ScatterElements"
    case "SimplifiedLayerNormalization": draft.opType = "RMSNormalization"
    default: try replaceRemovedOperator()
    }
  }

  // MARK: Making constants and nodes

  func shape(_ position: Int) -> [Int]? { position < facts.count ? facts[position]?.shape : nil }

  func elementType(_ position: Int) -> ElementType? { position < facts.count ? facts[position]?.elementType : nil }

  /// Adds a constant whose name ends in `part`; returns its name. Integers that an earlier node has made are taken again, so they
  /// have no node's name in theirs.
  mutating func constant(_ part: String, _ data: TensorData) -> String {
    guard data.elementType == .int64 else {
      let name = valueNames.fresh("\(draft.name).\(part)")
      constants.append((name, data))
      return name
    }
    if let known = lists[data] { return known }
    let name = valueNames.fresh(part)
    constants.append((name, data))
    lists[data] = name
    return name
  }

  mutating func integers(_ part: String, _ values: [Int64]) -> String {
    constant(part, TensorData(shape: [values.count], integers: values))
  }

  /// A number in the element type of an input; where that is not known, through a CastLike.
  mutating func number(_ part: String, _ value: Double, like position: Int) throws -> String {
    if let type = elementType(position), let data = TensorData(value, type) { return constant(part, data) }
    guard draft.hasInput(position) else { throw draft.failure(.malformed, "lacks its input \(position + 1)") }
    let plain = constant(part, TensorData(shape: [], floats: [Float(value)]))
    return try add("CastLike", part + "_like", [plain, draft.inputs[position]])
  }

  /// Adds a node before this one; returns the name of its output.
  mutating func add(
    _ opType: String, _ part: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto] = []
  ) throws -> String {
    let output = valueNames.fresh("\(draft.name).\(part)")
    before.append(try helper(opType, part, inputs, [output], attributes))
    return output
  }

  /// Adds a node behind this one, whose first output it takes over. `others` are its further inputs.
  mutating func finish(
    _ opType: String, _ part: String, _ others: [String] = [], _ attributes: [Onnx_AttributeProto] = []
  ) throws {
    guard let output = (after.last ?? draft).outputs.first else { return }
    let inner = valueNames.fresh("\(draft.name).\(part)")
    if after.isEmpty {
      draft.outputs[0] = inner
    } else {
      after[after.count - 1].outputs[0] = inner
    }
    after.append(try helper(opType, part, [inner] + others, [output], attributes))
  }

  private func helper(
    _ opType: String, _ part: String, _ inputs: [String], _ outputs: [String], _ attributes: [Onnx_AttributeProto]
  ) throws -> ONNXDraft {
    try ONNXDraft(
      name: nodeNames.fresh("\(draft.name).\(part)"), opType: opType, inputs: inputs, outputs: outputs,
      opset: ONNXFile.readableOpsets.upperBound, attributes: attributes)
  }

  /// Throws unless the input is there.
  func requireInput(_ position: Int = 0) throws {
    guard draft.hasInput(position) else { throw draft.failure(.malformed, "lacks its input \(position + 1)") }
  }

  /// Drops outputs that no newer form has; throws when something reads one of them.
  mutating func dropOutputs(after count: Int, _ what: String) throws {
    for position in draft.outputs.indices.dropFirst(count)
    where !draft.outputs[position].isEmpty && position < usesOutput.count && usesOutput[position] {
      throw draft.failure(
        .unsupportedForm, "gives \(what) as '\(draft.outputs[position])', which the network uses",
        remedy: "Export the network in evaluation mode.")
    }
    draft.outputs.removeSubrange(min(count, draft.outputs.count)...)
  }
}
