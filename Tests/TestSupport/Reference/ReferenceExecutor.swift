import Foundation
import ModelGraph

/// Runs a network in evaluation mode by loops over indices, in double precision: slow, plain, and independent of libtorch and of
/// our own shape rules.
package enum ReferenceExecutor {
  /// What it cannot do, or what does not fit, by node.
  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  /// All values by name, inputs and weights included.
  package static func values(
    of graph: Graph, inputs: [String: ReferenceTensor]
  ) throws -> [String: ReferenceTensor] {
    var values = graph.weights.mapValues { ReferenceTensor($0) }
    for input in graph.inputs {
      guard let given = inputs[input.name] else { throw Failure(description: "input '\(input.name)' is missing") }
      let fits =
        given.shape.count == input.shape.count
        && zip(given.shape, input.shape).allSatisfy { size, dimension in
          if case .fixed(let fixed) = dimension { size == fixed } else { true }
        }
      guard fits else { throw Failure(description: "input '\(input.name)' is \(given.shape), not \(input.shape)") }
      values[input.name] = given
    }
    for node in graph.nodes {
      let arguments = try node.inputs.map { name -> ReferenceTensor? in
        if name.isEmpty { return nil }
        guard let value = values[name] else { throw Failure(description: "'\(node.name)' reads '\(name)'") }
        return value
      }
      for (output, value) in zip(node.outputs, try compute(node, arguments)) where !output.isEmpty {
        values[output] = value
      }
    }
    return values
  }

  /// The network's outputs by name.
  package static func outputs(
    of graph: Graph, inputs: [String: ReferenceTensor]
  ) throws -> [String: ReferenceTensor] {
    let values = try values(of: graph, inputs: inputs)
    return Dictionary(
      uniqueKeysWithValues: try graph.outputs.map { output in
        guard let value = values[output.name] else { throw Failure(description: "no output '\(output.name)'") }
        return (output.name, value)
      })
  }

  /// The first output for a single input.
  package static func output(of graph: Graph, input: ReferenceTensor) throws -> ReferenceTensor {
    let values = try values(of: graph, inputs: [graph.inputs[0].name: input])
    return values[graph.outputs[0].name] ?? ReferenceTensor(shape: [0], values: [])
  }

  private static func compute(_ node: Node, _ arguments: [ReferenceTensor?]) throws -> [ReferenceTensor] {
    let step = ReferenceStep(node: node, arguments: arguments)
    if let result = try step.product() ?? step.normalized() ?? step.pointwise() ?? step.alongAxes() ?? step.moved() {
      return result
    }
    throw step.failure("is not known to the reference")
  }
}

/// One node and what it reads.
struct ReferenceStep {
  let node: Node
  let arguments: [ReferenceTensor?]

  func failure(_ what: String) -> ReferenceExecutor.Failure {
    let shapes = arguments.map { $0.map { "\($0.shape)" } ?? "-" }.joined(separator: " ")
    return ReferenceExecutor.Failure(description: "'\(node.name)' (\(node.op.onnxName)) \(what): \(shapes)")
  }

  func optional(_ position: Int) -> ReferenceTensor? { position < arguments.count ? arguments[position] : nil }

  func argument(_ position: Int) throws -> ReferenceTensor {
    guard let value = optional(position) else { throw failure("lacks input \(position)") }
    return value
  }

  func axis(_ axis: Int, rank: Int) throws -> Int {
    let result = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(result) else { throw failure("names axis \(axis)") }
    return result
  }

  func check(_ condition: Bool, _ what: String) throws {
    if !condition { throw failure(what) }
  }

  /// NumPy's broadcasting.
  func broadcast(_ shapes: [[Int]]) throws -> [Int] {
    let rank = shapes.map(\.count).max() ?? 0
    return try (0..<rank).map { axis in
      let sizes = Set(shapes.compactMap { axis >= rank - $0.count ? $0[axis - rank + $0.count] : nil }).subtracting([1])
      try check(sizes.count <= 1, "cannot broadcast")
      return sizes.first ?? 1
    }
  }
}
