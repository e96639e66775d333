/// Why a node's inputs and attributes do not go together: the end of a sentence that begins with the node.
///
/// Shape rules and resolvers throw it without knowing the node; `Node.outputFacts` adds the name and the shapes.
package struct ShapeMisfit: Error, Hashable {
  package let what: String

  package init(_ what: String) {
    self.what = what
  }

  /// The same as an error that names the node and the shapes that it met.
  package func error(in node: Node, shapes: [[Int]?]) -> GraphError {
    let list = zip(node.inputs, shapes).map { name, shape in
      name.isEmpty ? "absent" : shape.map { "\($0)" } ?? "of unknown shape"
    }
    let met = list.isEmpty ? "it has no inputs" : "its inputs are \(list.joined(separator: ", "))"
    return GraphError(.shapeMismatch, "Node '\(node.name)' (\(node.op.onnxName)) \(what); \(met).")
  }
}
