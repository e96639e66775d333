import ModelGraph

// Operators that take values from between positions.
extension ONNXUpgrade {
  /// Upsample became Resize in operator set 10: coordinates without half pixels, the nearest one below.
  mutating func upgradeUpsample() throws {
    try requireInput()
    if opset < 9 {
      guard let scales = try draft.attributes.takeFloats("scales") else {
        throw draft.failure(.malformed, "has no 'scales'")
      }
      draft.setInput(1, constant("scales", TensorData(shape: [scales.count], floats: scales)))
    }
    let mode = try draft.attributes.takeText("mode") ?? "nearest"
    draft.attributes.set(
      Onnx_AttributeProto("mode", text: ["bilinear", "trilinear"].contains(mode) ? "linear" : mode))
    draft.opType = "Resize"
    try resizeWithoutHalfPixels()
  }

  mutating func upgradeResize() throws {
    try requireInput()
    if opset < 11 { return try resizeWithoutHalfPixels() }
    // An empty tensor said the same as an absent input.
    for position in [1, 2, 3] where draft.hasInput(position) && shape(position) == [0] {
      draft.inputs[position] = ""
    }
    while draft.inputs.last == "" { draft.inputs.removeLast() }
    try replaceNearestNeighborCoordinates()
  }

  /// The form of operator set 10: inputs X and scales, coordinates without half pixels.
  private mutating func resizeWithoutHalfPixels() throws {
    try requireInput(1)
    draft.inputs = [draft.inputs[0], "", draft.inputs[1]]
    draft.attributes.set(Onnx_AttributeProto("coordinate_transformation_mode", text: "asymmetric"))
    draft.attributes.set(Onnx_AttributeProto("nearest_mode", text: "floor"))
  }

  /// Operator sets 11 and 12 had a mode "tf_half_pixel_for_nn", (x + 1/2) / scale: half a pixel more than "half_pixel", so
  /// that taking the one below there is rounding here.
  private mutating func replaceNearestNeighborCoordinates() throws {
    guard opset < 13, let coordinates = try draft.attributes.takeText("coordinate_transformation_mode") else { return }
    guard coordinates == "tf_half_pixel_for_nn" else {
      draft.attributes.set(Onnx_AttributeProto("coordinate_transformation_mode", text: coordinates))
      return
    }
    let mode = try draft.attributes.takeText("mode") ?? "nearest"
    let rounding = try draft.attributes.takeText("nearest_mode") ?? "round_prefer_floor"
    guard mode == "nearest", rounding == "floor" else {
      throw draft.failure(
        .unsupportedForm, "resizes by 'tf_half_pixel_for_nn' in the mode '\(mode)' with '\(rounding)'",
        remedy: "Export the network with operator set 13 or newer.")
    }
    draft.attributes.set(Onnx_AttributeProto("nearest_mode", text: "round_prefer_ceil"))
  }

  /// The modes have lost a syllable in operator set 20.
  mutating func upgradeGridSample() throws {
    guard let mode = try draft.attributes.takeText("mode") else { return }
    let names = ["bilinear": "linear", "bicubic": "cubic"]
    draft.attributes.set(Onnx_AttributeProto("mode", text: names[mode] ?? mode))
  }
}
