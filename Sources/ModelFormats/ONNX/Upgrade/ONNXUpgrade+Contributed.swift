import ModelGraph

// Operators of ONNX Runtime's optimiser that say the same as one or two of ONNX's own.
extension ONNXUpgrade {
  mutating func replaceContributedOperator() throws {
    switch draft.opType {
    case "Gelu": draft.domain = ""
    case "LayerNormalization", "SimplifiedLayerNormalization": draft.domain = ""
    case "QuickGelu":
      let alpha = try draft.attributes.takeFloat("alpha") ?? 1.702
      draft.attributes.set(Onnx_AttributeProto("alpha", decimal: decimalValue(alpha)))
      rename("Swish")
    case "FastGelu":
      try addBias()
      draft.attributes.set(Onnx_AttributeProto("approximate", text: "tanh"))
      rename("Gelu")
    case "BiasGelu":
      try addBias()
      rename("Gelu")
    case "FusedConv":
      guard draft.inputs.count <= 3 else {
        throw draft.failure(.unsupportedForm, "adds a fourth input to its result")
      }
      try finishWithActivation(draft.attributes.takeText("activation"), parameters: "activation_params")
      rename("Conv")
    case "FusedGemm":
      try finishWithActivation(draft.attributes.takeText("activation"), parameters: nil)
      rename("Gemm")
    default: try expandQuantizedOperator()
    }
  }

  private mutating func rename(_ opType: String) {
    draft.domain = ""
    draft.opType = opType
  }

  /// Adds the second input to the first one, where it is there.
  private mutating func addBias() throws {
    try requireInput()
    guard draft.hasInput(1) else { return }
    draft.inputs = [try add("Add", "biased", [draft.inputs[0], draft.inputs[1]])]
  }

  private mutating func finishWithActivation(_ activation: String?, parameters: String?) throws {
    guard let activation, !activation.isEmpty else { return }
    let values = try parameters.flatMap { try draft.attributes.takeFloats($0) } ?? []
    let alpha = try draft.attributes.takeFloat("activation_alpha") ?? values.first
    let beta = try draft.attributes.takeFloat("activation_beta") ?? values.dropFirst().first
    switch activation {
    case "Relu", "Sigmoid", "Tanh": try finish(activation, "activation")
    case "LeakyRelu", "HardSigmoid":
      let given = [("alpha", alpha), ("beta", activation == "LeakyRelu" ? nil : beta)]
      let attributes = given.compactMap { name, value in
        value.map { Onnx_AttributeProto(name, decimal: decimalValue($0)) }
      }
      try finish(activation, "activation", [], attributes)
    case "Clip":
      guard let alpha, let beta else { throw draft.failure(.malformed, "has no limits for its Clip") }
      let limits = try [number("min", decimalValue(alpha), like: 0), number("max", decimalValue(beta), like: 0)]
      try finish("Clip", "activation", limits)
    default: throw draft.failure(.unsupportedForm, "goes on with the activation '\(activation)'")
    }
  }
}
