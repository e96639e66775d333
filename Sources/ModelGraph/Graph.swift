/// One axis of a value: a number, or a name that is bound when the network runs (the batch, say).
package enum Dimension: Sendable, Hashable {
  case fixed(Int)
  case symbolic(String)
}

/// A named input or output of a network.
package struct ValueInfo: Sendable, Hashable {
  package var name: String
  /// The type that the network computes with.
  package var elementType: ElementType
  /// The type that the network's file gives it, where that is another one: float16 numbers become float32 as they enter, and float16
  /// again as they leave.
  package var declaredType: ElementType?
  package var shape: [Dimension]

  /// The type of the arrays that users of the file give and get.
  package var outerType: ElementType { declaredType ?? elementType }

  package init(
    name: String, elementType: ElementType = .float32, shape: [Dimension], declaredType: ElementType? = nil
  ) {
    self.name = name
    self.elementType = elementType
    self.declaredType = declaredType == elementType ? nil : declaredType
    self.shape = shape
  }
}

/// One operator applied to named values. An empty input name means an optional input that is absent.
package struct Node: Sendable, Hashable {
  package var name: String
  package var op: Operator
  package var inputs: [String]
  package var outputs: [String]

  package init(name: String, op: Operator, inputs: [String], outputs: [String]) {
    self.name = name
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// A network: nodes in topological order over named values, and its weights by name.
package struct Graph: Sendable, Equatable {
  package var name: String
  package var inputs: [ValueInfo]
  package var outputs: [ValueInfo]
  package var nodes: [Node]
  package var weights: [String: TensorData]
  /// Free words that travel with the network: the plan that made it, its source.
  package var metadata: [String: String]
  /// The ONNX operator set that the network was read with or will be written with.
  package var opset: Int

  package init(
    name: String, inputs: [ValueInfo], outputs: [ValueInfo], nodes: [Node], weights: [String: TensorData],
    metadata: [String: String] = [:], opset: Int = 17
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.nodes = nodes
    self.weights = weights
    self.metadata = metadata
    self.opset = opset
  }

  /// Throws `GraphError(.invalidStructure)` unless every name is made once, before it is used, and every output exists.
  package func validate() throws {
    var known = Set(weights.keys)
    for input in inputs where !known.insert(input.name).inserted {
      throw GraphError(.invalidStructure, "The input '\(input.name)' is also the name of a weight or of another input.")
    }
    for node in nodes {
      for input in node.inputs where !input.isEmpty && !known.contains(input) {
        throw GraphError(
          .invalidStructure,
          "Node '\(node.name)' (\(node.op.onnxName)) reads '\(input)', which nothing before it makes.")
      }
      for output in node.outputs where !output.isEmpty && !known.insert(output).inserted {
        throw GraphError(.invalidStructure, "Node '\(node.name)' makes '\(output)' a second time.")
      }
    }
    for output in outputs where !known.contains(output.name) {
      throw GraphError(.invalidStructure, "The output '\(output.name)' is made by no node.")
    }
  }

  /// Where each value is read: node positions, in order.
  package func consumers() -> [String: [Int]] {
    var result: [String: [Int]] = [:]
    for (position, node) in nodes.enumerated() {
      for input in node.inputs where !input.isEmpty {
        result[input, default: []].append(position)
      }
    }
    return result
  }
}
