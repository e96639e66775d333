import ModelGraph

extension ONNXUpgrade {
  /// Old forms said whether statistics are those of the batch by an attribute, then by the number of outputs.
  mutating func upgradeBatchNormalization() throws {
    if opset < 9, let spatial = try draft.attributes.takeInteger("spatial"), spatial == 0 {
      throw draft.failure(
        .unsupportedForm, "normalises each position on its own (spatial = 0)",
        remedy: "Export the network with operator set 9 or newer.")
    }
    if opset < 7 { draft.attributes.drop("is_test") }
    if opset < 14 { try dropOutputs(after: 1, "statistics of the batch") }
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
