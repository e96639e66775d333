import ModelGraph

// What is known of values while the network is read.
extension ONNXImport {
  /// Notes what is known of the node's outputs. With symbolic heights or widths nothing is certain, so that a misfit is
  /// an error only without them.
  mutating func infer(_ node: Node) throws {
    var arguments: [ValueFact?] = []
    for input in node.inputs {
      guard !input.isEmpty else {
        arguments.append(nil)
        continue
      }
      guard let fact = facts[input] else { return }
      arguments.append(fact)
    }
    do {
      for (output, fact) in zip(node.outputs, try node.outputFacts(of: arguments)) where !output.isEmpty {
        facts[output] = room.holding(fact)
      }
    } catch let error as GraphError where sizesAreKnown && error.code != .unsupported {
      throw ModelFormatError(.malformed, error.message, remedy: error.remedy)
    } catch let error as GraphError where error.code != .unsupported {
      rebind()
    } catch is GraphError {
      return
    }
  }

  /// Looks for sizes of the symbolic axes under which the nodes so far fit together, and infers again.
  private mutating func rebind() {
    guard rebindingsLeft > 0 else { return }
    rebindingsLeft -= 1
    let network = networkSoFar
    guard let sizes = try? network.sampleBinding(), let found = try? network.facts(binding: sizes) else { return }
    binding = sizes
    facts = found
  }

  /// The nodes so far, without outputs.
  var networkSoFar: Graph {
    Graph(name: model.graph.name, inputs: inputs, outputs: [], nodes: nodes, weights: weights, opset: opset)
  }
}
