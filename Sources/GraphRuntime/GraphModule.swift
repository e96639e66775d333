import ModelGraph
import Tensors

/// A network bound to tensors on one device: it runs, learns and gives its weights back. Not Sendable, as its tensors.
///
/// A pruned network is a new module of a new graph; making one costs a copy of the weights and one pass over the nodes.
package final class GraphModule {
  /// The structure, with the weights as they were at the start; `exportedGraph()` has them as they are.
  package let graph: Graph
  package let device: Device
  /// How inputs and weights of four axes lie in memory.
  package let memoryFormat: MemoryFormat
  /// What is learned: float weights that are not frozen, sorted by name, each collecting its gradient.
  package let parameters: [(name: String, tensor: Tensor)]
  /// Running means and variances of batch normalisation, sorted by name.
  package let statistics: [(name: String, tensor: Tensor)]
  /// The share of each batch in the running statistics, in place of every node's own.
  ///
  /// Recalibration as a cumulative average sets it to 1 / k before the k-th batch (k from 1).
  package var momentumOverride: Double?

  private let plan: ExecutionPlan
  /// In the plan's order.
  private let weights: [Tensor]
  private let weightPositions: [String: Int]

  /// Copies the weights to `device`. Throws `GraphError` for a graph that does not hang together,
  /// `GraphRuntimeError(.unsupported)` for a node that cannot run and `TensorError` when the device is absent or full.
  package init(_ graph: Graph, device: Device = .cpu, memoryFormat: MemoryFormat = .contiguous) throws {
    try graph.validate()
    let plan = try ExecutionPlan(graph)
    let roles = graph.weightRoles()
    let frozen = graph.frozenWeights
    var weights: [Tensor] = []
    var parameters: [(name: String, tensor: Tensor)] = []
    var statistics: [(name: String, tensor: Tensor)] = []
    for name in plan.weightNames {
      guard let data = graph.weights[name] else { continue }
      var tensor = try Tensor(data, device: device)
      if memoryFormat == .channelsLast, data.shape.count == 4 { tensor = try tensor.contiguous(.channelsLast) }
      switch roles[name] {
      case .trainable where tensor.type.isFloatingPoint && !frozen.contains(name):
        try tensor.requiringGrad()
        parameters.append((name, tensor))
      case .statistic: statistics.append((name, tensor))
      case .trainable, .quantized, .constant, nil: break
      }
      weights.append(tensor)
    }
    self.graph = graph
    self.device = device
    self.memoryFormat = memoryFormat
    self.plan = plan
    self.weights = weights
    self.parameters = parameters
    self.statistics = statistics
    weightPositions = Dictionary(uniqueKeysWithValues: plan.weightNames.enumerated().map { ($1, $0) })
  }

  /// The weight of that name, parameter or not; changes of it in place change the network.
  package func tensor(named name: String) -> Tensor? {
    weightPositions[name].map { weights[$0] }
  }

  // MARK: Running

  /// The network's outputs by name for its inputs by name.
  ///
  /// Gradients are recorded unless the caller is inside `withoutGradients`. After each node `observe` gets the node with
  /// its inputs and outputs by name (weights among them); without it, values are freed after their last use and
  /// rectifiers write over what nothing else reads. Throws `GraphRuntimeError`, naming the node.
  package func forward(
    _ inputs: [String: Tensor], mode: ExecutionMode, dropout: TorchGenerator? = nil,
    observe: ((Node, [String: Tensor]) throws -> Void)? = nil
  ) throws -> [String: Tensor] {
    let ordered = try graph.inputs.map { info in
      guard let tensor = inputs[info.name] else {
        throw GraphRuntimeError(
          .missingInput, "The network '\(graph.name)' needs the input '\(info.name)'; given: \(inputs.keys.sorted()).")
      }
      return tensor
    }
    let results = try run(ordered, mode: mode, dropout: dropout, observe: observe)
    var outputs: [String: Tensor] = [:]
    for (info, tensor) in zip(graph.outputs, results) { outputs[info.name] = tensor }
    return outputs
  }

  /// The first output of a network with one input.
  package func forward(
    _ input: Tensor, mode: ExecutionMode, dropout: TorchGenerator? = nil,
    observe: ((Node, [String: Tensor]) throws -> Void)? = nil
  ) throws -> Tensor {
    guard graph.inputs.count == 1 else {
      throw GraphRuntimeError(
        .missingInput, "The network '\(graph.name)' has \(graph.inputs.count) inputs; one was given.",
        remedy: "Give them by name.")
    }
    return try single(run([input], mode: mode, dropout: dropout, observe: observe))
  }

  /// What the loss takes for a network with one input: the first output, or what goes into a Softmax, LogSoftmax or Sigmoid
  /// that the network ends with, since the loss applies its own, and more exactly.
  package func scores(_ input: Tensor, mode: ExecutionMode, dropout: TorchGenerator? = nil) throws -> Tensor {
    try single(run([input], mode: mode, dropout: dropout, wanting: plan.scores.map { [$0] } ?? []))
  }

  private func single(_ results: [Tensor]) throws -> Tensor {
    guard let result = results.first else {
      throw GraphRuntimeError(.unsupported, "The network '\(graph.name)' has no output.")
    }
    return result
  }

  /// The first output in evaluation mode, in libtorch's inference mode: the fastest way, for measuring and for scores.
  /// The result can take no part in gradients.
  package func infer(_ input: Tensor) throws -> Tensor {
    try withInference { try forward(input, mode: .evaluation) }
  }

  private func run(
    _ inputs: [Tensor], mode: ExecutionMode, dropout: TorchGenerator?, wanting references: [Int]? = nil,
    observe: ((Node, [String: Tensor]) throws -> Void)? = nil
  ) throws -> [Tensor] {
    var frame = ExecutionFrame(
      weights: weights, mode: mode, dropout: dropout, momentumOverride: momentumOverride,
      values: Array(repeating: nil, count: plan.slotCount))
    for (position, input) in inputs.enumerated() {
      frame.values[plan.inputSlots[position]] = try accepted(input, as: graph.inputs[position])
    }
    for step in plan.steps {
      let results: [Tensor?]
      do {
        results = try frame.run(step, overwriting: observe == nil)
      } catch let error as TensorError {
        throw GraphRuntimeError(error, in: graph.nodes[step.node])
      } catch let misfit as ShapeMisfit {
        let shapes = step.arguments.map { frame.tensor($0)?.shape }
        throw GraphRuntimeError(.nodeFailed, misfit.error(in: graph.nodes[step.node], shapes: shapes).message)
      }
      for (position, slot) in step.results.enumerated() where slot >= 0 {
        guard position < results.count, let result = results[position] else {
          throw KernelContext(graph.nodes[step.node], in: graph).failure("gave no output \(position)")
        }
        frame.values[slot] = result
      }
      if let observe { try observe(graph.nodes[step.node], seen(by: step, in: frame)) }
      for slot in step.released { frame.values[slot] = nil }
    }
    return (references ?? plan.outputs).map { reference in
      guard let output = frame.tensor(reference) else { preconditionFailure("an output was freed") }
      return output
    }
  }

  private func accepted(_ input: Tensor, as info: ValueInfo) throws -> Tensor {
    let shape = input.shape
    let fits =
      shape.count == info.shape.count
      && zip(shape, info.shape).allSatisfy { size, dimension in
        switch dimension {
        case .fixed(let expected): size == expected
        case .symbolic: true
        }
      }
    guard input.type == ScalarType(info.elementType) else {
      throw GraphRuntimeError(
        .inputType,
        "The input '\(info.name)' of '\(graph.name)' has the type \(input.type); it needs \(info.elementType).")
    }
    guard fits else {
      throw GraphRuntimeError(
        .inputShape, "The input '\(info.name)' of '\(graph.name)' has shape \(shape); it needs \(describe(info.shape))."
      )
    }
    return memoryFormat == .channelsLast && shape.count == 4 ? try input.contiguous(.channelsLast) : input
  }

  private func describe(_ shape: [Dimension]) -> String {
    let axes = shape.map { dimension in
      switch dimension {
      case .fixed(let size): "\(size)"
      case .symbolic(let name): name
      }
    }
    return "[\(axes.joined(separator: ", "))]"
  }

  private func seen(by step: ExecutionPlan.Step, in frame: ExecutionFrame) -> [String: Tensor] {
    let node = graph.nodes[step.node]
    var tensors: [String: Tensor] = [:]
    for (name, reference) in zip(node.inputs, step.arguments) {
      if let tensor = frame.tensor(reference) { tensors[name] = tensor }
    }
    for (name, slot) in zip(node.outputs, step.results) where slot >= 0 {
      if let tensor = frame.values[slot] { tensors[name] = tensor }
    }
    return tensors
  }
}
