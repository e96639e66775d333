import ModelGraph

// Forms of operator sets 1 to 6, where the newer form says the same.
extension ONNXUpgrade {
  mutating func upgradeFirstForms() throws {
    // Which inputs may be overwritten, once.
    draft.attributes.drop("consumed_inputs")
    switch draft.opType {
    case "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less": try upgradeBroadcast()
    case "PRelu": try upgradeSlope()
    case "Gemm": draft.attributes.drop("broadcast")
    case "LSTM", "GRU", "RNN": draft.attributes.drop("output_sequence")
    case "BatchNormalization":
      guard try draft.attributes.takeInteger("is_test") ?? 0 != 0 || draft.outputs.count == 1 else {
        throw draft.failure(.unsupportedForm, "is in training mode", remedy: "Export it in evaluation mode.")
      }
    case "Cast" where opset < 6: try upgradeCast()
    case "Concat" where opset < 4 && !draft.attributes.contains("axis"):
      draft.attributes.set(Onnx_AttributeProto("axis", integer: 1))
    case "Reshape" where opset < 5:
      guard let shape = try draft.attributes.takeIntegers("shape") else {
        throw draft.failure(.malformed, "has no 'shape'")
      }
      draft.setInput(1, integers("shape", shape))
    case "Upsample" where !draft.attributes.contains("scales"):
      guard let height = try draft.attributes.takeFloat("height_scale"),
        let width = try draft.attributes.takeFloat("width_scale")
      else { throw draft.failure(.malformed, "has no scales") }
      draft.attributes.set(
        Onnx_AttributeProto("scales", decimals: [1, 1, decimalValue(height), decimalValue(width)]))
    case "Selu" where opset < 6:
      // The defaults had fewer digits.
      for (name, value) in [("alpha", 1.6732), ("gamma", 1.0507)] where !draft.attributes.contains(name) {
        draft.attributes.set(Onnx_AttributeProto(name, decimal: value))
      }
    case "Tile" where opset < 6: try upgradeTile()
    case "LpPool" where opset < 2, "GlobalLpPool" where opset < 2: try upgradePower()
    default: break
    }
  }

  /// The second input was laid over the first one's axes from `axis` on, and only when `broadcast` said so.
  private mutating func upgradeBroadcast() throws {
    let axis = try draft.attributes.takeInteger("axis")
    let broadcasts = try draft.attributes.takeInteger("broadcast") ?? 0
    try requireInput(1)
    // -1 was what stood for "the last axes" where nothing was said.
    guard broadcasts != 0, let axis, axis != -1 else { return }
    guard let left = shape(0)?.count, let right = shape(1)?.count else {
      throw draft.failure(
        .unsupportedForm, "lays its second input over axis \(axis) of an input whose axes are not known",
        remedy: "Export the network with operator set 7 or newer.")
    }
    let first = axis < 0 ? Int(clamping: axis) + left : Int(clamping: axis)
    guard (0...left).contains(first), first + right <= left else {
      throw draft.failure(.malformed, "lays \(right) axes over axis \(axis) of \(left)")
    }
    try appendAxes(left - first - right, to: 1, rank: right)
  }

  /// One slope for each channel lay over the second axis.
  private mutating func upgradeSlope() throws {
    try requireInput(1)
    guard let left = shape(0)?.count, let slope = shape(1), slope.count == 1, slope != [1], left > 2 else { return }
    try appendAxes(left - 2, to: 1, rank: 1)
  }

  private mutating func appendAxes(_ count: Int, to position: Int, rank: Int) throws {
    guard count > 0 else { return }
    let axes = integers("axes", (rank..<(rank + count)).map(Int64.init))
    draft.inputs[position] = try add("Unsqueeze", "aligned", [draft.inputs[position], axes])
  }

  /// Inputs were how often one axis is repeated, and which; both in the type of the data.
  private mutating func upgradeTile() throws {
    try requireInput(2)
    guard let rank = shape(0)?.count, let count = single(1), let axis = single(2) else {
      throw draft.failure(
        .unsupportedForm, "repeats an axis that is computed, or as often as is computed",
        remedy: "Export the network with operator set 6 or newer.")
    }
    let place = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(place), count >= 0 else {
      throw draft.failure(.malformed, "repeats axis \(axis) of \(rank) \(count) times")
    }
    let repeats = integers("repeats", (0..<rank).map { $0 == place ? Int64(count) : 1 })
    draft.inputs = [draft.inputs[0], repeats]
  }

  /// The one whole number of a constant input, whatever its type.
  private func single(_ position: Int) -> Int? {
    guard let constant = facts[position]?.constant, constant.elementCount == 1 else { return nil }
    return constant.doubleValues.first.flatMap { Int(exactly: $0) }.flatMap { abs($0) <= Int(Int32.max) ? $0 : nil }
  }

  /// The power was a decimal number.
  private mutating func upgradePower() throws {
    guard let given = draft.attributes.takeAny("p") else { return }
    let power = given.type == .int ? Int(clamping: given.i) : Int(exactly: given.f)
    guard let power else { throw draft.failure(.unsupportedForm, "has the power \(given.f)") }
    draft.attributes.set(Onnx_AttributeProto("p", integer: power))
  }

  /// The type was a word.
  private mutating func upgradeCast() throws {
    guard let word = try draft.attributes.takeText("to") else { throw draft.failure(.malformed, "has no 'to'") }
    let names: [String: ElementType] = [
      "FLOAT": .float32, "DOUBLE": .float64, "FLOAT16": .float16, "INT8": .int8, "INT16": .int16, "INT32": .int32,
      "INT64": .int64, "UINT8": .uint8, "UINT16": .uint16, "UINT32": .uint32, "UINT64": .uint64, "BOOL": .bool,
    ]
    guard let type = names[word.uppercased()] else {
      throw draft.failure(.unsupportedType, "casts to '\(word)'")
    }
    draft.attributes.set(Onnx_AttributeProto("to", integer: Int(type.onnxCode)))
  }
}
