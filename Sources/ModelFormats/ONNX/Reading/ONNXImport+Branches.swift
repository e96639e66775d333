import ModelGraph

// Of an `If` only the branch that is always taken remains.
extension ONNXImport {
  /// Puts the nodes of the taken branch in the place of the node. Throws when its condition is not always the same.
  mutating func takeBranch(of proto: Onnx_NodeProto, draft: ONNXDraft) throws {
    try requireDepth(draft)
    let condition = ONNXCondition(draft.inputs.first ?? "", in: networkSoFar, binding: binding)
    let name: String
    switch condition.verdict() {
    case .always(let value): name = value ? "then_branch" : "else_branch"
    case .dependsOnInput(let input):
      throw draft.failure(
        .unsupportedForm, "takes one of two branches by the value of the input '\(input)'",
        remedy: "Choose that value when the network is read, for example `--set \(input)=1`.")
    case .dependsOnAxis(let axis):
      throw draft.failure(
        .unsupportedForm, "takes one of two branches by the size of the axis '\(axis)'",
        remedy: "Choose that size when the network is read, for example `--set \(axis)=512`.")
    case .unknown(let inputs):
      throw draft.failure(
        .unsupportedForm,
        "takes one of two branches by what it computes"
          + (inputs.isEmpty ? "" : " from \(inputs.map { "'\($0)'" }.joined(separator: ", "))"),
        remedy: "Export the network for one of the two cases, without the condition.")
    }
    var attributes = draft.attributes
    guard let branch = try attributes.take(name, .graph), branch.hasG else {
      throw draft.failure(.malformed, "has no '\(name)'")
    }
    let surrounding = scopes[scopes.count - 1]
    var scope = ONNXScope(.branch, opsets: surrounding.opsets)
    scope.prefix = surrounding.prefix
    scope.callAttributes = surrounding.callAttributes
    guard branch.g.output.count >= proto.output.count else {
      throw draft.failure(
        .malformed, "has \(proto.output.count) outputs, but its '\(name)' gives \(branch.g.output.count)")
    }
    try inline(
      branch.g.node, of: branch.g, in: scope, inner: branch.g.output.map(\.name), outer: proto.output, draft)
  }
}
