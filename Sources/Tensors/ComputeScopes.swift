import CTorchShim

/// Runs `body` without recording gradients on this thread.
package func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let previous = ct_set_grad_enabled(false)
  defer { _ = ct_set_grad_enabled(previous) }
  return try body()
}

/// Runs `body` with gradients recorded, inside `withoutGradients` too.
package func withGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let previous = ct_set_grad_enabled(true)
  defer { _ = ct_set_grad_enabled(previous) }
  return try body()
}

/// Runs `body` in libtorch's inference mode: the fastest, but tensors made in it can never take part in gradients.
package func withInference<Result>(_ body: () throws -> Result) rethrows -> Result {
  let scope = ct_inference_begin()
  defer { ct_inference_end(scope) }
  return try body()
}

/// Runs `body` with autocast: matrix products and convolutions in `type` (bfloat16 or float16), the rest as it was.
///
/// On exit, and whenever a weight is changed in place, autocast's cache of cast weights is emptied: libtorch alone would
/// go on computing with the weights as they were.
package func withAutocast<Result>(
  _ type: ScalarType = .bfloat16, device: Device = .cpu, _ body: () throws -> Result
) throws -> Result {
  var previous = CTAutocastState()
  try check(ct_autocast_begin(device.code, type.code, &previous), "autocast", [])
  defer { ct_autocast_end(previous) }
  return try body()
}

/// Runs `body` with attention in single operators: the fused ones have a gradient, but that gradient has none. The setting
/// is the process's, so attention on other threads slows down meanwhile.
package func withoutFusedAttention<Result>(_ body: () throws -> Result) rethrows -> Result {
  let previous = ct_set_fused_attention(0)
  defer { _ = ct_set_fused_attention(previous) }
  return try body()
}
