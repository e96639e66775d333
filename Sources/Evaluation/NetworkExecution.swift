import GraphRuntime
import ModelGraph
import Tensors

/// One forward pass of any network on given arrays: how others compare our arithmetic with theirs.
package enum NetworkExecution {
  /// The outputs by name. Throws `EvaluationError(.badArrays)` when an input is missing, unknown, or of another type
  /// or shape.
  package static func run(
    _ graph: Graph, inputs: [String: TensorData], device: Device = .cpu
  ) throws -> [String: TensorData] {
    var bound: [String: Int] = [:]
    for input in graph.inputs {
      guard let array = inputs[input.name] else {
        throw EvaluationError(
          .badArrays, "There is no array for the input '\(input.name)'; there are: \(names(inputs)).",
          remedy: "Name the arrays as the network's inputs: \(graph.inputs.map(\.name).joined(separator: ", ")).")
      }
      try check(array, fits: input, bound: &bound)
    }
    let known = Set(graph.inputs.map(\.name))
    if let stranger = inputs.keys.sorted().first(where: { !known.contains($0) }) {
      throw EvaluationError(
        .badArrays, "The network has no input '\(stranger)'.",
        remedy: "Name the arrays as the network's inputs: \(graph.inputs.map(\.name).joined(separator: ", ")).")
    }
    let module = try GraphModule(graph, device: device)
    let results = try withInference {
      try module.forward(inputs.mapValues { try Tensor($0, device: device) }, mode: .evaluation)
    }
    var arrays: [String: TensorData] = [:]
    for output in graph.outputs {
      guard let result = try results[output.name]?.tensorData() else { continue }
      // Tensors hold narrow numbers as their codes.
      arrays[output.name] =
        output.elementType.isNarrow
        ? try TensorData(output.elementType, shape: result.shape, bytes: result.bytes) : result
    }
    return arrays
  }

  private static func check(_ array: TensorData, fits input: ValueInfo, bound: inout [String: Int]) throws {
    let words = input.shape.map { axis in
      switch axis {
      case .fixed(let size): "\(size)"
      case .symbolic(let name): name
      }
    }
    let fits =
      array.elementType == input.elementType && array.shape.count == input.shape.count
      && zip(array.shape, input.shape).allSatisfy { size, axis in
        switch axis {
        case .fixed(let fixed): return size == fixed
        case .symbolic(let name):
          defer { bound[name] = size }
          return bound[name] == nil || bound[name] == size
        }
      }
    guard fits else {
      throw EvaluationError(
        .badArrays,
        """
        The array '\(input.name)' is \(array.elementType.rawValue) \(array.shape); the network needs \
        \(input.elementType.rawValue) [\(words.joined(separator: ", "))].
        """)
    }
  }

  private static func names(_ inputs: [String: TensorData]) -> String {
    inputs.isEmpty ? "none" : inputs.keys.sorted().joined(separator: ", ")
  }
}
