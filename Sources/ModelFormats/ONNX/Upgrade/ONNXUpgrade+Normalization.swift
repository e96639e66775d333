import ModelGraph

extension ONNXUpgrade {
  /// Old forms said whether statistics are those of the batch by an attribute, then by the number of outputs.
  mutating func upgradeBatchNormalization() throws {
    let spatial = opset < 9 ? draft.attributes.takeAny("spatial") : nil
    if opset < 7 { draft.attributes.drop("is_test") }
    if opset < 14 { try dropOutputs(after: 1, "statistics of the batch") }
    if spatial?.i == 0 { try normalizeByPosition() }
  }

  /// Scale, bias, mean and variance `[C, H, W]`, each position on its own: written out, since no newer form does that.
  private mutating func normalizeByPosition() throws {
    for position in 0...4 { try requireInput(position) }
    let epsilon = try draft.attributes.takeFloat("epsilon").map(decimalValue) ?? 1e-5
    draft.attributes.drop("momentum")
    let (data, scale, bias) = (draft.inputs[0], draft.inputs[1], draft.inputs[2])
    let distance = try add("Sub", "distance", [data, draft.inputs[3]])
    let variance = try add("Add", "variance", [draft.inputs[4], try number("epsilon", epsilon, like: 4)])
    let quotient = try add("Div", "quotient", [distance, try add("Sqrt", "deviation", [variance])])
    draft.inputs = [try add("Mul", "scaled", [quotient, scale]), bias]
    draft.opType = "Add"
  }

  /// Operator set 18 had one scale and one bias for each group; now there is one for each channel.
  mutating func upgradeGroupNormalization() throws {
    guard opset < 21 else { return }
    try requireInput(1)
    try requireInput(2)
    guard let groups = try draft.attributes.takeInteger("num_groups") else {
      throw draft.failure(.malformed, "has no 'num_groups'")
    }
    guard let shape = shape(0), shape.count >= 2, groups > 0, Int64(shape[1]) % groups == 0 else {
      throw draft.failure(
        .unsupportedForm, "has \(groups) groups in channels whose number is not known or no multiple of it",
        remedy: "Export the network with operator set 21 or newer.")
    }
    draft.attributes.set(Onnx_AttributeProto("num_groups", integer: Int(groups)))
    let size = Int64(shape[1]) / groups
    guard size > 1 else { return }
    // [G] to [G, 1] to [G, C / G] to [C].
    let axis = integers("axis", [1])
    let grid = integers("grid", [groups, size])
    let channels = integers("channels", [-1])
    for (position, part) in [(1, "scale"), (2, "bias")] {
      let column = try add("Unsqueeze", part + "_column", [draft.inputs[position], axis])
      let rows = try add("Expand", part + "_rows", [column, grid])
      draft.inputs[position] = try add("Reshape", part, [rows, channels])
    }
  }
}
