import Support

/// Writes a network layer by layer; weights start as PyTorch's layers do (uniform within 1 / sqrt(fan-in)), from a seed.
///
/// Names follow PyTorch's state dictionaries: layer "conv1" owns "conv1.weight" and "conv1.bias".
package struct GraphBuilder {
  private var graph: Graph
  private let seed: UInt64

  package init(_ name: String, seed: UInt64 = 0) {
    graph = Graph(name: name, inputs: [], outputs: [], nodes: [], weights: [:])
    self.seed = seed
  }

  package mutating func input(_ name: String = "input", _ shape: [Dimension]) -> String {
    graph.inputs.append(ValueInfo(name: name, shape: shape))
    return name
  }

  /// Appends any node with one output, whose name is the node's name and "_out".
  package mutating func node(_ name: String, _ op: Operator, _ inputs: String...) -> String {
    let output = name + "_out"
    graph.nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [output]))
    return output
  }

  /// Adds a weight under its full name and returns the name.
  package mutating func weight(_ name: String, _ data: TensorData) -> String {
    graph.weights[name] = data
    return name
  }

  /// `[N, inputs, H, W]` to `[N, outputs, H', W']` with a square kernel.
  package mutating func convolution(
    _ name: String, _ x: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    groups: Int = 1, bias: Bool = false
  ) -> String {
    let fanIn = inputs / groups * kernel * kernel
    var arguments = [x, uniformWeight("\(name).weight", [outputs, inputs / groups, kernel, kernel], fanIn: fanIn)]
    if bias { arguments.append(uniformWeight("\(name).bias", [outputs], fanIn: fanIn)) }
    let attributes = Convolution(
      kernel: [kernel, kernel], strides: [stride, stride], padding: Padding(all: padding), groups: groups)
    return append(name, .convolution(attributes), arguments)
  }

  package mutating func batchNormalization(_ name: String, _ x: String, channels: Int, epsilon: Double = 1e-5) -> String
  {
    let parts: [(String, Float)] = [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)]
    let arguments = parts.map { part, value in weight("\(name).\(part)", .filled([channels], with: value)) }
    return append(name, .batchNormalization(BatchNormalization(epsilon: epsilon)), [x] + arguments)
  }

  /// `[N, inputs]` to `[N, outputs]`, weight `[outputs, inputs]`.
  package mutating func linear(_ name: String, _ x: String, inputs: Int, outputs: Int, bias: Bool = true) -> String {
    var arguments = [x, uniformWeight("\(name).weight", [outputs, inputs], fanIn: inputs)]
    if bias { arguments.append(uniformWeight("\(name).bias", [outputs], fanIn: inputs)) }
    return append(name, .gemm(Gemm()), arguments)
  }

  package mutating func relu(_ name: String, _ x: String) -> String { node(name, .activation(.relu), x) }

  package mutating func maxPool(_ name: String, _ x: String, kernel: Int) -> String {
    node(name, .maxPool(Pooling(kernel: [kernel, kernel], strides: [kernel, kernel])), x)
  }

  package mutating func add(_ name: String, _ left: String, _ right: String) -> String {
    node(name, .elementwise(.add), left, right)
  }

  /// The finished network; the output value is renamed to `name`. Throws when names clash or dangle, or shapes do not fit.
  package func finished(output: String, as name: String = "logits", shape: [Dimension]) throws -> Graph {
    var result = graph
    for position in result.nodes.indices {
      result.nodes[position].outputs = result.nodes[position].outputs.map { $0 == output ? name : $0 }
      result.nodes[position].inputs = result.nodes[position].inputs.map { $0 == output ? name : $0 }
    }
    result.outputs = [ValueInfo(name: name, shape: shape)]
    try result.validate()
    _ = try result.shapes()
    return result
  }

  private mutating func append(_ name: String, _ op: Operator, _ inputs: [String]) -> String {
    let output = name + "_out"
    graph.nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [output]))
    return output
  }

  private mutating func uniformWeight(_ name: String, _ shape: [Int], fanIn: Int) -> String {
    var generator = SeededGenerator(seed: seed, stream: name)
    let bound = 1 / Double(fanIn).squareRoot()
    let values = (0..<shape.reduce(1, *)).map { _ in Float((generator.uniform() * 2 - 1) * bound) }
    return weight(name, TensorData(shape: shape, floats: values))
  }
}
