import ModelGraph

extension ONNXFile {
  /// Operators that ONNX has no longer, but which are read as others that say the same.
  package static let removedOperators = [
    "Affine", "ConstantFill", "Crop", "DynamicSlice", "FC", "GivenTensorFill", "ImageScaler", "ParametricSoftplus",
    "Scale", "ScaledTanh",
  ]
}

// Operators that early operator sets had and ONNX has removed since, as far as one or two of today's say the same.
extension ONNXUpgrade {
  mutating func replaceRemovedOperator() throws {
    switch draft.opType {
    case "Affine":
      let (scale, shift) = (try factor("alpha", 1), try factor("beta", 0))
      try requireInput()
      if shift == 0 { return try multiply(by: scale) }
      let scaled = try scaledInput(by: scale)
      draft.inputs = [scaled, try number("beta", shift, like: 0)]
      draft.opType = "Add"
    case "Scale":
      try requireInput()
      try multiply(by: try factor("scale", 1))
    case "ScaledTanh": try replaceScaledFunction("Tanh")
    case "ParametricSoftplus": try replaceScaledFunction("Softplus")
    case "ImageScaler": try replaceImageScaler()
    case "Crop": try replaceCrop()
    case "MeanVarianceNormalization" where opset < 9: try upgradeMeanVarianceNormalization()
    case "DynamicSlice": draft.opType = "Slice"
    case "ConstantFill": try replaceConstantFill()
    case "GivenTensorFill": try replaceTensorFill()
    case "FC": try replaceFullyConnected()
    default: break
    }
  }

  /// The number of an attribute as it was written; without the attribute its default, or an error where it has none.
  private mutating func factor(_ name: String, _ standard: Double?) throws -> Double {
    if let value = try draft.attributes.takeFloat(name) { return decimalValue(value) }
    guard let standard else { throw draft.failure(.malformed, "has no '\(name)'") }
    return standard
  }

  private mutating func scaledInput(by factor: Double) throws -> String {
    if factor == 1 { return draft.inputs[0] }
    return try add("Mul", "scaled", [draft.inputs[0], try number("factor", factor, like: 0)])
  }

  private mutating func multiply(by factor: Double) throws {
    guard factor != 1 else {
      draft.inputs = [draft.inputs[0]]
      draft.opType = "Identity"
      return
    }
    draft.inputs = [draft.inputs[0], try number("factor", factor, like: 0)]
    draft.opType = "Mul"
  }

  /// alpha * function(beta * x).
  private mutating func replaceScaledFunction(_ function: String) throws {
    let (outer, inner) = (try factor("alpha", nil), try factor("beta", nil))
    try requireInput()
    draft.inputs = [try scaledInput(by: inner)]
    draft.opType = function
    if outer != 1 { try finish("Mul", "outer", [try number("alpha", outer, like: 0)]) }
  }

  /// x * scale + bias, one bias for each channel of `[N, C, H, W]`.
  private mutating func replaceImageScaler() throws {
    let scale = try factor("scale", 1)
    guard let biases = try draft.attributes.takeFloats("bias"), !biases.isEmpty else {
      throw draft.failure(.malformed, "has no 'bias'")
    }
    try requireInput()
    let data = draft.inputs[0]
    var bias = constant("bias", TensorData(shape: [biases.count, 1, 1], floats: biases))
    if elementType(0) != .float32 { bias = try add("CastLike", "bias_like", [bias, data]) }
    draft.inputs = [try scaledInput(by: scale), bias]
    draft.opType = "Add"
  }

  /// `border` is left, top, right, bottom; with `scale` (height, width) the right and bottom ones follow from it.
  private mutating func replaceCrop() throws {
    guard let border = try draft.attributes.takeIntegers("border"), border.count == 4,
      border.allSatisfy({ (0...Int64(Int32.max)).contains($0) })
    else { throw draft.failure(.malformed, "has no 'border' of four sizes") }
    try requireInput()
    var ends = [border[3], border[2]].map { $0 == 0 ? Int64(Int32.max) : -$0 }
    if let size = try draft.attributes.takeIntegers("scale") {
      guard size.count == 2, size.allSatisfy({ (1...Int64(Int32.max)).contains($0) }) else {
        throw draft.failure(.malformed, "has \(size) as its 'scale', not a height and a width")
      }
      ends = [border[1] + size[0], border[0] + size[1]]
    }
    draft.inputs = [
      draft.inputs[0], integers("starts", [border[1], border[0]]), integers("ends", ends), integers("axes", [2, 3]),
    ]
    draft.opType = "Slice"
  }

  /// Over all samples and positions, of each channel or of all together (as ONNX Runtime has it, and as later sets have it by
  /// default); perhaps without dividing by the deviation.
  private mutating func upgradeMeanVarianceNormalization() throws {
    let joinsChannels = try draft.attributes.takeInteger("across_channels") ?? 0 != 0
    let divides = try draft.attributes.takeInteger("normalize_variance") ?? 1 != 0
    try requireInput()
    let axes = joinsChannels ? [0, 1, 2, 3] : [0, 2, 3]
    if divides {
      draft.attributes.set(Onnx_AttributeProto("axes", integers: axes))
      return
    }
    let list = integers("axes", axes.map(Int64.init))
    draft.inputs.append(try add("ReduceMean", "mean", [draft.inputs[0], list]))
    draft.opType = "Sub"
  }

  /// One number everywhere, in the shape of an attribute, of the input's numbers, or of the input itself; `extra_shape` comes after.
  private mutating func replaceConstantFill() throws {
    let value = try factor("value", 0)
    let code = try draft.attributes.takeInteger("dtype") ?? 1
    let type = try ElementType(onnxCode: Int32(clamping: code), of: "The attribute 'dtype' of node '\(draft.name)'")
    let shape = try draft.attributes.takeIntegers("shape")
    let extra = try draft.attributes.takeIntegers("extra_shape") ?? []
    let readsNumbers = try draft.attributes.takeInteger("input_as_shape") ?? 0 != 0
    guard let element = TensorData(value, type, shape: [1]) else {
      throw draft.failure(.malformed, "fills with \(value), which is no \(type.rawValue)")
    }
    var sizes: String
    if draft.hasInput(0) {
      sizes = draft.inputs[0]
      if !readsNumbers {
        sizes = try add("Shape", "sizes", [sizes])
      } else if elementType(0) != .int64 {
        let code = Int(ElementType.int64.onnxCode)
        sizes = try add("Cast", "sizes", [sizes], [Onnx_AttributeProto("to", integer: code)])
      }
      if !extra.isEmpty {
        let parts = [sizes, integers("extra", extra)]
        sizes = try add("Concat", "all_sizes", parts, [Onnx_AttributeProto("axis", integer: 0)])
      }
    } else {
      guard let shape else { throw draft.failure(.malformed, "has neither an input nor a 'shape'") }
      sizes = integers("sizes", shape + extra)
    }
    draft.inputs = [sizes]
    draft.attributes.set(Onnx_AttributeProto("value", tensor: Onnx_TensorProto("", element)))
    draft.opType = "ConstantOfShape"
  }

  /// A constant whose numbers and shape are attributes.
  private mutating func replaceTensorFill() throws {
    guard let values = try draft.attributes.takeFloats("values"),
      let shape = try draft.attributes.takeIntegers("shape"),
      draft.inputs.isEmpty
    else {
      throw draft.failure(
        .unsupportedForm, "does not say its numbers and its shape by attributes",
        remedy: "Export the network with a constant in its place.")
    }
    let sizes = shape.map { Int(clamping: $0) }
    guard TensorData.checkedElementCount(of: sizes) == values.count else {
      throw draft.failure(.malformed, "has \(values.count) numbers for the shape \(shape)")
    }
    draft.attributes.drop("extra_shape")
    draft.attributes.drop("input_as_shape")
    draft.inputs = [constant("values", TensorData(shape: sizes, floats: values))]
    draft.opType = "Identity"
  }

  /// X W^T + b with all axes of X but the first joined.
  private mutating func replaceFullyConnected() throws {
    let axis = try draft.attributes.takeInteger("axis") ?? 1
    let weightAxis = try draft.attributes.takeInteger("axis_w") ?? 1
    guard axis == 1, weightAxis == 1 else {
      throw draft.failure(
        .unsupportedForm, "joins axes from \(axis) on, and those of its weight from \(weightAxis) on",
        remedy: "Export the network with a Gemm in its place.")
    }
    try requireInput(1)
    let axes = [Onnx_AttributeProto("axis", integer: 1)]
    for position in [0, 1] where shape(position)?.count != 2 {
      draft.inputs[position] = try add("Flatten", "rows_\(position)", [draft.inputs[position]], axes)
    }
    draft.attributes.set(Onnx_AttributeProto("transB", integer: 1))
    draft.opType = "Gemm"
  }
}
