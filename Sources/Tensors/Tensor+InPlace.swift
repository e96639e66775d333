import CTorchShim

/// Changes in place, off the gradient's tape: what optimisers and masks do. Each returns the tensor.
///
/// Weights that autocast has cast are cast again after a change.
// swift-format-ignore: AlwaysUseLowerCamelCase
extension Tensor {
  /// Takes over the values of `source`, which broadcasts, from any device and type.
  @discardableResult
  package func copy_(_ source: Tensor) throws -> Tensor {
    try change("copy in place", self, source) { ct_copy_in_place($0, $1) }
  }

  @discardableResult
  package func fill_(_ value: Double) throws -> Tensor {
    try change("fill in place", self) { ct_fill_in_place($0, value) }
  }

  @discardableResult
  package func zero_() throws -> Tensor { try fill_(0) }

  /// Adds `alpha * other`.
  @discardableResult
  package func add_(_ other: Tensor, alpha: Double = 1) throws -> Tensor {
    try change("add in place", self, other) { ct_add_in_place($0, $1, alpha) }
  }

  @discardableResult
  package func add_(_ number: Double) throws -> Tensor {
    try change("add in place", self) { ct_add_scalar_in_place($0, number) }
  }

  @discardableResult
  package func mul_(_ other: Tensor) throws -> Tensor {
    try change("multiply in place", self, other) { ct_mul_in_place($0, $1) }
  }

  @discardableResult
  package func mul_(_ number: Double) throws -> Tensor {
    try change("multiply in place", self) { ct_mul_scalar_in_place($0, number) }
  }

  @discardableResult
  package func clamp_(_ low: Double, _ high: Double) throws -> Tensor {
    try change("clamp in place", self) { ct_clamp_in_place($0, low, high) }
  }

  /// Adds `value * a * b`, element by element.
  @discardableResult
  package func addcmul_(_ a: Tensor, _ b: Tensor, value: Double = 1) throws -> Tensor {
    try withExtendedLifetime((self, a, b)) {
      try check(ct_addcmul_in_place(handle, a.handle, b.handle, value), "add product in place", [self, a, b])
    }
    return self
  }

  /// Adds `value * a / b`, element by element.
  @discardableResult
  package func addcdiv_(_ a: Tensor, _ b: Tensor, value: Double = 1) throws -> Tensor {
    try withExtendedLifetime((self, a, b)) {
      try check(ct_addcdiv_in_place(handle, a.handle, b.handle, value), "add quotient in place", [self, a, b])
    }
    return self
  }

  /// The rectifier over the tensor's own memory. Unlike the others this is *on* the tape; only for a tensor whose value
  /// nothing else reads.
  package func relu_() throws { _ = try change("relu in place", self) { ct_relu_in_place($0) } }

  /// One step of PyTorch's SGD over the parameters that have a gradient, in one fused call:
  /// v = momentum * v + g + weightDecay * w; w -= learningRate * v (with Nesterov: g + momentum * v).
  ///
  /// `velocities` match the parameters and start as zeros; they may be empty when momentum is zero.
  package static func sgdStep(
    parameters: [Tensor], velocities: [Tensor], learningRate: Double, momentum: Double = 0, weightDecay: Double = 0,
    nesterov: Bool = false
  ) throws {
    guard velocities.count == parameters.count || (velocities.isEmpty && momentum == 0) else {
      throw TensorError(
        .invalidArgument, operation: "SGD step", shapes: parameters.map(\.shape),
        detail: "\(velocities.count) velocities for \(parameters.count) parameters")
    }
    try withHandles(parameters) { parameterHandles in
      try withHandles(velocities) { velocityHandles in
        try check(
          ct_sgd_step(
            parameterHandles, velocities.isEmpty ? nil : velocityHandles, parameters.count, learningRate, momentum,
            weightDecay, nesterov),
          "SGD step", parameters)
      }
    }
  }
}
