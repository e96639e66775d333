import GraphRuntime
import ModelGraph
import Tensors

/// Inputs for a network without data: what does not depend on the input shows the same on all of them.
enum MadeUpInput {
  case ones
  /// Normal noise of a fixed seed.
  case noise

  /// One evaluation of the network at its sample sizes; integers are zero. `observe` gets each value of `values` when it is made.
  func run(
    _ module: GraphModule, observing values: Set<String>, _ observe: (_ value: String, _ tensor: Tensor) throws -> Void
  ) throws {
    let shapes = try module.graph.shapes(binding: module.graph.sampleBinding())
    let generator = try TorchGenerator(seed: 1)
    var inputs: [String: Tensor] = [:]
    for input in module.graph.inputs {
      let (type, shape) = (ScalarType(input.elementType), shapes[input.name] ?? [])
      guard type.isFloatingPoint, self == .noise else {
        inputs[input.name] = try Tensor.full(
          type.isFloatingPoint ? 1 : 0, shape: shape, type: type, device: module.device)
        continue
      }
      inputs[input.name] = try generator.normal(shape).to(type).to(module.device)
    }
    _ = try withoutActuallyEscaping(observe) { observe in
      try withInference {
        try module.forward(inputs, mode: .evaluation) { node, tensors in
          for name in node.outputs where values.contains(name) {
            if let tensor = tensors[name] { try observe(name, tensor) }
          }
        }
      }
    }
  }
}
