import ModelGraph

extension ONNXUpgrade {
  /// Before operator set 13 a softmax ran over all axes from `axis` on together. That is one over one axis when that is the
  /// last or the others have size 1; else the axes are joined before and parted again after.
  mutating func upgradeSoftmax() throws {
    guard opset < 13 else { return }
    try requireInput()
    let axis = Int(clamping: try draft.attributes.takeInteger("axis") ?? 1)
    if let shape = shape(0) {
      let position = axis < 0 ? axis + shape.count : axis
      guard shape.indices.contains(position) else {
        throw draft.failure(.malformed, "runs from axis \(axis) of an input of \(shape.count) axes")
      }
      let isAlone = position == shape.count - 1 || (sizesAreKnown && shape[(position + 1)...].allSatisfy { $0 == 1 })
      if isAlone {
        draft.attributes.set(Onnx_AttributeProto("axis", integer: axis))
        return
      }
    }
    let input = draft.inputs[0]
    let size = try add("Shape", "shape", [input])
    draft.inputs[0] = try add("Flatten", "joined", [input], [Onnx_AttributeProto("axis", integer: axis)])
    draft.attributes.set(Onnx_AttributeProto("axis", integer: -1))
    try finish("Reshape", "parted", [size])
  }
}
