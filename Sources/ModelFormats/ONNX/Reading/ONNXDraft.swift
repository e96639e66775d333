/// A node between the file and the graph: its names are those of the graph already, its form still that of the operator
/// set that the file was written for.
struct ONNXDraft {
  var name: String
  var domain: String
  var opType: String
  /// Without absent ones at the end; an absent one before has an empty name.
  var inputs: [String]
  var outputs: [String]
  var attributes: ONNXAttributes
  let opset: Int

  init(
    name: String, domain: String = "", opType: String, inputs: [String], outputs: [String], opset: Int,
    attributes: [Onnx_AttributeProto] = []
  ) throws {
    self.name = name
    self.domain = domain
    self.opType = opType
    self.inputs = inputs
    self.outputs = outputs
    self.opset = opset
    let label = ONNXNodeLabel(name: name, domain: domain, opType: opType, opset: opset)
    self.attributes = try ONNXAttributes(attributes, label: label)
  }

  var label: ONNXNodeLabel { attributes.label }

  func hasInput(_ position: Int) -> Bool { position < inputs.count && !inputs[position].isEmpty }

  /// Puts `value` in the place of an input that was an attribute, with absent ones before it where there are none.
  mutating func setInput(_ position: Int, _ value: String) {
    while inputs.count <= position { inputs.append("") }
    inputs[position] = value
  }

  func failure(_ code: ModelFormatError.Code, _ what: String, remedy: String? = nil) -> ModelFormatError {
    label.failure(code, what, remedy: remedy)
  }
}
