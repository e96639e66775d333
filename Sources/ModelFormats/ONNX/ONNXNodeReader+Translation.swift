import Foundation
import ModelGraph

/// What a node of ONNX becomes.
enum ONNXTranslation {
  /// A node of ours that reads the first `inputs` inputs; the others were constants and are now attributes.
  case node(Operator, inputs: Int)
  /// Its output is a constant.
  case constant(TensorData)
}

extension ONNXNodeReader {
  /// What constants computed while reading may take together, since a few bytes of file can ask for any size.
  static let largestConstant = 1 << 30

  /// Throws `ModelFormatError(.unsupportedOperator)` for an operator that we do not know.
  mutating func translation() throws -> ONNXTranslation {
    guard proto.domain.isEmpty || proto.domain == "ai.onnx" else { throw unknownOperator() }
    let all = inputs.count
    let result: ONNXTranslation
    switch proto.opType {
    case "Conv": result = .node(try convolution(), inputs: all)
    case "BatchNormalization": result = .node(try batchNormalization(), inputs: all)
    case "Gemm": result = .node(try gemm(), inputs: all)
    case "MatMul": result = .node(try matrixProduct(), inputs: all)
    case "MaxPool": result = .node(try pooling(isAverage: false), inputs: all)
    case "AveragePool": result = .node(try pooling(isAverage: true), inputs: all)
    case "GlobalAveragePool": result = .node(try unary(.globalAveragePool), inputs: all)
    case "Relu": result = .node(try unary(.activation(.relu)), inputs: all)
    case "Sigmoid": result = .node(try unary(.activation(.sigmoid)), inputs: all)
    case "Tanh": result = .node(try unary(.activation(.tanh)), inputs: all)
    case "LeakyRelu":
      result = .node(try unary(.activation(.leakyRelu(slope: try decimal("alpha", default: 0.01)))), inputs: all)
    case "Clip": result = .node(try clip(), inputs: 1)
    case "Add": result = .node(try binary(.add), inputs: all)
    case "Sub": result = .node(try binary(.subtract), inputs: all)
    case "Mul": result = .node(try binary(.multiply), inputs: all)
    case "Sum": result = .node(try sum(), inputs: all)
    case "Concat": result = .node(try concat(), inputs: all)
    case "Slice": result = .node(try slice(), inputs: 1)
    case "Pad": result = .node(try pad(), inputs: 1)
    case "Flatten": result = .node(try flatten(), inputs: all)
    case "ReduceMean": result = .node(try reduceMean(), inputs: 1)
    case "Softmax": result = .node(try softmax(), inputs: all)
    case "Dropout": result = .node(try dropout(), inputs: 1)
    case "Reshape":
      if let data = try reshapedConstant() {
        result = .constant(data)
      } else {
        result = .node(try reshape(), inputs: 1)
      }
    case "Identity":
      try requireInputs(1...1)
      result = constant(0).map { .constant($0) } ?? .node(.identity, inputs: all)
    case "ConstantOfShape": result = .constant(try filledConstant())
    default: throw unknownOperator()
    }
    try finish()
    return result
  }

  private func unknownOperator() -> ModelFormatError {
    let domain = proto.domain.isEmpty ? "" : proto.domain + "."
    return ModelFormatError(
      .unsupportedOperator,
      "Node '\(name)' has the operator \(domain)\(proto.opType) (operator set \(opset)), which is not known.",
      remedy: "Replace it in the network by known operators, or leave out the part that needs it, and export again.")
  }

  private func unary(_ op: Operator) throws -> Operator {
    try requireInputs(1...1)
    return op
  }

  private func binary(_ operation: Elementwise) throws -> Operator {
    try requireInputs(2...2)
    return .elementwise(operation)
  }

  private func sum() throws -> Operator {
    try requireInputs(1...Self.largestSize)
    switch inputs.count {
    case 1: return .identity
    case 2: return .elementwise(.add)
    default: throw failure(.unsupportedForm, "adds \(inputs.count) inputs; only two are supported")
    }
  }

  /// Absent limits are infinite.
  private mutating func clip() throws -> Operator {
    var limits: (Double, Double) = (-.infinity, .infinity)
    if opset < 11 {
      try requireInputs(1...1)
      limits.0 = try decimal("min", default: -.infinity)
      limits.1 = try decimal("max", default: .infinity)
    } else {
      try requireInputs(1...3)
      if let minimum = try float(input: 1, "minimum") { limits.0 = decimalValue(minimum) }
      if let maximum = try float(input: 2, "maximum") { limits.1 = decimalValue(maximum) }
    }
    return .activation(.clip(minimum: limits.0, maximum: limits.1))
  }

  private mutating func dropout() throws -> Operator {
    try requireInputs(1...3)
    // The seed is for training alone, and ours come from the study.
    _ = try integer("seed", default: 0)
    _ = try integer("is_test", default: 1)
    let ratio =
      opset < 12
      ? try decimal("ratio", default: 0.5) : try float(input: 1, "ratio").map(decimalValue) ?? 0.5
    guard (0..<1).contains(ratio) else { throw failure(.malformed, "drops a share of \(ratio)") }
    return .dropout(ratio: ratio)
  }

  private mutating func filledConstant() throws -> TensorData {
    try requireInputs(1...1)
    guard let shape = try integers(input: 0, "shape") else { throw failure(.malformed, "has no shape") }
    var value = TensorData.zeros([1])
    if let tensor = try attribute("value", .tensor)?.t {
      var reader = ONNXTensorReader(externalData: ONNXExternalData(folder: nil))
      value = try reader.read(tensor, owner: "The value of node '\(name)'")
    }
    guard let count = TensorData.checkedElementCount(of: shape), value.elementCount == 1,
      count <= Self.largestConstant / value.elementType.byteCount
    else { throw failure(.tooLarge, "makes a constant of shape \(shape.prefix(8))") }
    var bytes = Data(count: count * value.elementType.byteCount)
    if count > 0, value.bytes.contains(where: { $0 != 0 }) {
      bytes.replaceSubrange(0..<value.bytes.count, with: value.bytes)
      bytes.withUnsafeMutableBytes { buffer in
        // What is filled doubles with each copy.
        var filled = value.bytes.count
        while filled < buffer.count {
          let length = min(filled, buffer.count - filled)
          UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<(filled + length)]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
          filled += length
        }
      }
    }
    return try TensorData(value.elementType, shape: shape, bytes: bytes)
  }
}
