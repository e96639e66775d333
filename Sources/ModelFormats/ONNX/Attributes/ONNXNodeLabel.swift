/// How errors name a node: as its file does, with the operator set that it was written for.
struct ONNXNodeLabel {
  let name: String
  let domain: String
  let opType: String
  let opset: Int

  /// The operator as its file names it, with the domain unless that is ONNX's own.
  var operatorName: String { domain.isEmpty ? opType : "\(domain).\(opType)" }

  /// An error that says what is wrong with this node; `what` goes on after its name.
  func failure(_ code: ModelFormatError.Code, _ what: String, remedy: String? = nil) -> ModelFormatError {
    ModelFormatError(code, "Node '\(name)' (\(operatorName), operator set \(opset)) \(what).", remedy: remedy)
  }
}
