import ModelGraph

// ONNX Runtime's operators on quantised numbers, as its quantiser writes them: each is dequantised, computed and quantised again.
extension ONNXUpgrade {
  mutating func expandQuantizedOperator() throws {
    switch draft.opType {
    case "QuantizeLinear", "DequantizeLinear": draft.domain = ""
    case "QLinearAdd": try expand(to: "Add", reading: [0, 3], writing: 6)
    case "QLinearMul": try expand(to: "Mul", reading: [0, 3], writing: 6)
    case "QLinearSigmoid": try expand(to: "Sigmoid", reading: [0], writing: 3)
    case "QLinearLeakyRelu": try expand(to: "LeakyRelu", reading: [0], writing: 3)
    case "QLinearReduceMean": try expand(to: "ReduceMean", reading: [0], writing: 3)
    case "QLinearGlobalAveragePool", "QLinearAveragePool":
      guard try draft.attributes.takeInteger("channels_last") ?? 0 == 0 else {
        throw draft.failure(.unsupportedForm, "has its channels last")
      }
      try expand(to: String(draft.opType.dropFirst("QLinear".count)), reading: [0], writing: 3)
    case "QLinearSoftmax":
      guard try draft.attributes.takeInteger("opset") ?? 0 >= 13 else {
        throw draft.failure(.unsupportedForm, "is a Softmax from before operator set 13")
      }
      try expand(to: "Softmax", reading: [0], writing: 3)
    case "QLinearConcat":
      guard draft.inputs.count >= 5, (draft.inputs.count - 2) % 3 == 0 else {
        throw draft.failure(.malformed, "has \(draft.inputs.count) inputs, not two and three for each part")
      }
      try expand(to: "Concat", reading: Array(stride(from: 2, to: draft.inputs.count, by: 3)), writing: 0)
    case "QGemm": try expandGemm()
    default: break
    }
  }

  /// Inputs come as numbers, scale and zero point; `output` is where the scale and the zero point of the result are.
  private mutating func expand(to opType: String, reading inputs: [Int], writing output: Int) throws {
    try requireInput(output)
    let (scale, zero) = (draft.inputs[output], try zeroPoint(at: output + 1, like: inputs[0]))
    draft.inputs = try inputs.map { try dequantized($0) }
    (draft.domain, draft.opType) = ("", opType)
    try finish("QuantizeLinear", "quantized", [scale, zero])
  }

  /// alpha (A B + C), the integers of C in steps of A's scale times B's.
  private mutating func expandGemm() throws {
    try requireInput(4)
    let turnsB = try draft.attributes.takeInteger("transB") ?? 0
    var inputs = [try dequantized(0), try dequantized(3, axis: turnsB == 0 ? 1 : 0)]
    if draft.hasInput(6) {
      let step = try add("Mul", "bias_scale", [draft.inputs[1], draft.inputs[4]])
      inputs.append(
        try add(
          "DequantizeLinear", "bias", [draft.inputs[6], step], [Onnx_AttributeProto("axis", integer: -1)]))
    }
    if let alpha = try draft.attributes.takeFloat("alpha") {
      for name in ["alpha", "beta"] {
        draft.attributes.set(Onnx_AttributeProto(name, decimal: decimalValue(alpha)))
      }
    }
    draft.attributes.set(Onnx_AttributeProto("transB", integer: Int(turnsB)))
    let finishing = draft.hasInput(7) ? [draft.inputs[7], try zeroPoint(at: 8, like: 0)] : nil
    draft.inputs = inputs
    (draft.domain, draft.opType) = ("", "Gemm")
    if let finishing { try finish("QuantizeLinear", "quantized", finishing) }
  }

  private mutating func dequantized(_ position: Int, axis: Int = 1) throws -> String {
    try requireInput(position + 1)
    var inputs = [draft.inputs[position], draft.inputs[position + 1]]
    if draft.hasInput(position + 2) { inputs.append(draft.inputs[position + 2]) }
    return try add(
      "DequantizeLinear", "dequantized_\(position)", inputs, [Onnx_AttributeProto("axis", integer: axis)])
  }

  /// An absent zero point is a zero of the inputs' type.
  private mutating func zeroPoint(at position: Int, like input: Int) throws -> String {
    draft.hasInput(position) ? draft.inputs[position] : try number("zero", 0, like: input)
  }
}
