import ChannelGroups
import GraphRuntime
import ModelGraph
import StudyModel
import Tensors

/// Synaptic flow (Tanaka and others 2020, "Pruning neural networks without any data by iteratively conserving synaptic flow",
/// section 6): w dR/dw, where R is the sum of the outputs for an input of ones, every weight replaced by its absolute value. It needs
/// no data. Through layers without biases the flow is conserved: each layer's scores sum to R.
///
/// Biases and running means are zero and running variances one here and activations are left out, so that the flow is that of
/// the weights alone. It grows exponentially with depth and soon leaves single precision, so it is computed in double
/// precision, and all scores are divided by R. One round; the paper prunes in a hundred, which an iterative schedule
/// does.
package struct SynFlowImportance: ElementCriterion {
  package let criterion = Criterion.synflow

  package init() {}

  package func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let graph = try Self.linearised(context.module.exportedGraph(), kernels: context.kernels)
    let module = try GraphModule(graph, device: context.module.device)
    var inputs: [String: Tensor] = [:]
    for input in graph.inputs {
      let shape = input.shape.map { axis in if case .fixed(let size) = axis { size } else { 1 } }
      inputs[input.name] = try Tensor.ones(shape, device: context.module.device).to(ScalarType(input.elementType))
    }
    guard let output = graph.outputs.first,
      let result = try module.forward(
        inputs, mode: .evaluation, observe: { _, _ in try context.progress.report() })[output.name]
    else { return [:] }
    let total = try result.sum()
    try total.backward()
    var scores: [String: Tensor] = [:]
    for weight in weights {
      guard let tensor = module.tensor(named: weight) else { continue }
      let gradient = try tensor.grad?.detach() ?? tensor.detach().mul(0)
      scores[weight] = try tensor.detach().mul(gradient)
    }
    let flow = try total.detach().item()
    return flow > 0 ? try scores.mapValues { try $0.div(flow) } : scores
  }

  /// The network of absolute weights without biases, statistics and non-linearities.
  private static func linearised(_ graph: Graph, kernels: Set<String>) -> Graph {
    var result = graph
    func set(_ name: String, _ value: (Float) -> Float) {
      guard let weight = graph.weights[name], weight.elementType == .float32 else { return }
      result.weights[name] = TensorData(shape: weight.shape, doubles: weight.floats.map { Double(value($0)) })
    }
    for name in graph.weights.keys { set(name) { $0 } }
    for position in result.inputs.indices where result.inputs[position].elementType == .float32 {
      result.inputs[position].elementType = .float64
    }
    let learned = Set(graph.weightRoles().filter { $0.value == .trainable }.keys)
    for node in graph.nodes {
      switch node.op {
      case .batchNormalization:
        set(node.inputs[1]) { abs($0) }
        set(node.inputs[2]) { _ in 0 }
        set(node.inputs[3]) { _ in 0 }
        set(node.inputs[4]) { _ in 1 }
      case .elementwise(.multiply), .elementwise(.divide):
        for name in node.inputs where learned.contains(name) { set(name) { abs($0) } }
      default:
        // What is learned and no kernel is a bias, or a normalisation's scale before its bias.
        let isNormalization = node.kernelPositions.isEmpty
        for (position, name) in node.inputs.enumerated() where learned.contains(name) && !kernels.contains(name) {
          set(name) { isNormalization && position == 1 ? abs($0) : 0 }
        }
      }
    }
    // All values are positive, where a rectifier is the identity; what saturates would stop the flow.
    result.nodes = graph.nodes.map { node in
      var node = node
      switch node.op {
      case .activation, .softmax, .logSoftmax, .hardmax, .clip:
        node.op = .identity
        node.inputs = [node.inputs[0]]
      // What says its type, such as the states of zeros that exporters write, says the wider one.
      case .constantOfShape(let value) where value.map { $0.elementType == .float32 } ?? true:
        node.op = .constantOfShape(value: TensorData(shape: [1], doubles: [Double(value?.floats.first ?? 0)]))
      case .cast(var cast) where cast.to == .float32:
        cast.to = .float64
        node.op = .cast(cast)
      default: break
      }
      return node
    }
    for name in kernels { set(name) { abs($0) } }
    return result
  }
}
