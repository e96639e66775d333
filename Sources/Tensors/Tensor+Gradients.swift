import CTorchShim

extension Tensor {
  /// A leaf with this set collects its gradient in `gradient`. Setting it on a tensor of whole numbers, or clearing it on
  /// a result that is on the tape, throws.
  package var requiresGrad: Bool { withExtendedLifetime(self) { ct_requires_grad(handle) } }

  @discardableResult
  package func requiringGrad(_ value: Bool = true) throws -> Tensor {
    try change("requires grad", self) { ct_set_requires_grad($0, value) }
  }

  /// Makes a result on the tape keep its gradient, as leaves do.
  package func retainGrad() throws { _ = try change("retain grad", self) { ct_retain_grad($0) } }

  /// What `backward()` has added up so far, of this tensor's shape; nil before, and after `clearGrad()`.
  package var grad: Tensor? {
    var result: OpaquePointer?
    let status = withExtendedLifetime(self) { ct_grad(handle, &result) }
    guard status.code == CT_OK else {
      ct_free(status.message)
      return nil
    }
    return result.map(Tensor.init(owning:))
  }

  package func clearGrad() throws { _ = try change("clear grad", self) { ct_clear_grad($0) } }

  /// Adds the gradient of this scalar (or of its product with `gradient`) to every leaf that it depends on.
  package func backward(gradient: Tensor? = nil, retainsGraph: Bool = false, createsGraph: Bool = false) throws {
    try withExtendedLifetime((self, gradient)) {
      try check(
        ct_backward(handle, gradient?.handle, retainsGraph || createsGraph, createsGraph), "backward", [self, gradient])
    }
  }

  /// Gradients of scalar `outputs` (or of their products with `gradients`) with respect to `inputs`, without adding
  /// to any leaf; nil where the outputs do not depend on the input. `createsGraph` allows derivatives of the result.
  package static func gradients(
    of outputs: [Tensor], withRespectTo inputs: [Tensor], gradients: [Tensor]? = nil, retainsGraph: Bool = false,
    createsGraph: Bool = false
  ) throws -> [Tensor?] {
    if let gradients, gradients.count != outputs.count {
      throw TensorError(
        .refused, operation: "gradients", shapes: outputs.map(\.shape),
        detail: "\(gradients.count) gradients for \(outputs.count) outputs")
    }
    var results = [OpaquePointer?](repeating: nil, count: inputs.count)
    try withHandles(outputs) { outputHandles in
      try withHandles(inputs) { inputHandles in
        try withHandles(gradients ?? []) { gradientHandles in
          try check(
            ct_gradients(
              outputHandles, outputs.count, inputHandles, inputs.count, gradients == nil ? nil : gradientHandles,
              retainsGraph || createsGraph, createsGraph, &results),
            "gradients", outputs + inputs)
        }
      }
    }
    return results.map { $0.map(Tensor.init(owning:)) }
  }
}
