import Support

/// Writes a network node by node; weights start as PyTorch's layers do (uniform within 1 / sqrt(fan-in)), from a seed.
///
/// Names follow PyTorch's state dictionaries: layer "conv1" owns "conv1.weight" and "conv1.bias". What ONNX takes as an
/// input (a slice's starts) becomes a constant under the node's name: "cut.starts".
package struct GraphBuilder {
  private var graph: Graph
  private let seed: UInt64

  package init(_ name: String, seed: UInt64 = 0) {
    graph = Graph(name: name, inputs: [], outputs: [], nodes: [], weights: [:])
    self.seed = seed
  }

  package mutating func input(
    _ name: String = "input", _ shape: [Dimension], type: ElementType = .float32
  ) -> String {
    graph.inputs.append(ValueInfo(name: name, elementType: type, shape: shape))
    return name
  }

  /// Appends any node with one output, whose name is the node's name and "_out".
  package mutating func node(_ name: String, _ op: Operator, _ inputs: String...) -> String {
    node(name, op, inputs: inputs)
  }

  /// The same for inputs in a list; an empty name is an absent input.
  package mutating func node(_ name: String, _ op: Operator, inputs: [String]) -> String {
    let output = name + "_out"
    graph.nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [output]))
    return output
  }

  /// Appends a node with several outputs, named after the node and each suffix; an empty suffix is an absent output.
  package mutating func node(_ name: String, _ op: Operator, inputs: [String], outputs suffixes: [String]) -> [String] {
    let outputs = suffixes.map { $0.isEmpty ? "" : "\(name)_\($0)" }
    graph.nodes.append(Node(name: name, op: op, inputs: inputs, outputs: outputs))
    return outputs
  }

  /// Adds a weight under its full name and returns the name.
  package mutating func weight(_ name: String, _ data: TensorData) -> String {
    graph.weights[name] = data
    return name
  }

  /// Adds a constant list of int64 numbers, for operators that take sizes or positions as inputs.
  package mutating func integers(_ name: String, _ values: [Int]) -> String {
    weight(name, TensorData(shape: [values.count], integers: values.map(Int64.init)))
  }

  /// Adds a constant without axes.
  package mutating func scalar(_ name: String, _ value: Double) -> String {
    weight(name, TensorData(shape: [], floats: [Float(value)]))
  }

  /// Adds a learned weight, uniform within 1 / sqrt(fan-in).
  package mutating func uniformWeight(_ name: String, _ shape: [Int], fanIn: Int) -> String {
    uniformWeight(name, shape, within: 1 / Double(max(fanIn, 1)).squareRoot())
  }

  /// Adds a learned weight, uniform between plus and minus a bound.
  package mutating func uniformWeight(_ name: String, _ shape: [Int], within bound: Double) -> String {
    var generator = SeededGenerator(seed: seed, stream: name)
    let values = (0..<shape.reduce(1, *)).map { _ in Float((generator.uniform() * 2 - 1) * bound) }
    return weight(name, TensorData(shape: shape, floats: values))
  }

  /// The finished network; the output value is renamed to `name`. Throws when names clash or dangle, or shapes do not fit.
  package func finished(output: String, as name: String = "logits", shape: [Dimension]) throws -> Graph {
    try finished(outputs: [(output, ValueInfo(name: name, shape: shape))])
  }

  /// The same for several outputs: each value and what it is called outside. A value that is an input keeps its name.
  package func finished(outputs: [(value: String, info: ValueInfo)]) throws -> Graph {
    var result = graph
    let names = Dictionary(outputs.map { ($0.value, $0.info.name) }) { first, _ in first }
    for position in result.nodes.indices {
      result.nodes[position].outputs = result.nodes[position].outputs.map { names[$0] ?? $0 }
      result.nodes[position].inputs = result.nodes[position].inputs.map { names[$0] ?? $0 }
    }
    result.outputs = outputs.map(\.info)
    try result.validate()
    _ = try result.shapes()
    return result
  }
}
