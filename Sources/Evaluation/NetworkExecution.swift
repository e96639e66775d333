import GraphRuntime
import ModelGraph
import Tensors

/// One forward pass of any network on given arrays: how others compare our arithmetic with theirs.
package enum NetworkExecution {
  /// The outputs by name, of the types that the network's file declares, as the inputs must be; bits may stand for bfloat16 and narrow
  /// numbers (`OuterArrays`). Throws `EvaluationError(.badArrays)` when an input is missing, unknown, or of another type or shape.
  package static func run(
    _ graph: Graph, inputs: [String: TensorData], device: Device = .cpu
  ) throws -> [String: TensorData] {
    var bound: [String: Int] = [:]
    var typed: [String: TensorData] = [:]
    for input in graph.inputs {
      guard let given = inputs[input.name] else {
        throw EvaluationError(
          .badArrays, "There is no array for the input '\(input.name)'; there are: \(names(inputs)).",
          remedy: "Name the arrays as the network's inputs: \(graph.inputs.map(\.name).joined(separator: ", ")).")
      }
      let array = try OuterArrays.typed(given, for: input)
      try check(array, fits: input, bound: &bound)
      typed[input.name] = array
    }
    let known = Set(graph.inputs.map(\.name))
    if let stranger = inputs.keys.sorted().first(where: { !known.contains($0) }) {
      throw EvaluationError(
        .badArrays, "The network has no input '\(stranger)'.",
        remedy: "Name the arrays as the network's inputs: \(graph.inputs.map(\.name).joined(separator: ", ")).")
    }
    let module = try GraphModule(graph, device: device)
    let results = try withInference {
      var tensors: [String: Tensor] = [:]
      for input in graph.inputs {
        tensors[input.name] = try typed[input.name].map { try OuterArrays.entering($0, input, device: device) }
      }
      return try module.forward(tensors, mode: .evaluation)
    }
    var arrays: [String: TensorData] = [:]
    for output in graph.outputs {
      guard let result = results[output.name] else { continue }
      arrays[output.name] = try OuterArrays.leaving(result, output)
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
      array.elementType == input.outerType && array.shape.count == input.shape.count
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
        \(input.outerType.rawValue) [\(words.joined(separator: ", "))].
        """,
        remedy: remedy(for: input.outerType))
    }
  }

  private static func remedy(for type: ElementType) -> String? {
    if type == .bfloat16 {
      return "NumPy has no bfloat16: give an array of ml_dtypes.bfloat16, or the same bits as uint16."
    }
    return type.isNarrow ? "NumPy has no \(type.rawValue): give an array of ml_dtypes, or the same bits as uint8." : nil
  }

  private static func names(_ inputs: [String: TensorData]) -> String {
    inputs.isEmpty ? "none" : inputs.keys.sorted().joined(separator: ", ")
  }
}
