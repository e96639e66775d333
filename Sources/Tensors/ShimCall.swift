import CTorchShim

// How calls of the shim become throwing Swift calls. The inputs live until the call has returned, and their shapes
// are looked at only when it failed.

typealias ShimResult = UnsafeMutablePointer<OpaquePointer?>

@inline(__always)
func check(_ status: CTStatus, _ operation: StaticString, _ inputs: @autoclosure () -> [Tensor?]) throws {
  if status.code != CT_OK {
    throw TensorError(consuming: status, operation: "\(operation)", inputs: inputs())
  }
}

@inline(__always)
func make(_ operation: StaticString, _ call: (ShimResult) -> CTStatus) throws -> Tensor {
  var result: OpaquePointer?
  try check(call(&result), operation, [])
  return try owned(result, operation)
}

@inline(__always)
func make(_ operation: StaticString, _ x: Tensor, _ call: (OpaquePointer, ShimResult) -> CTStatus) throws -> Tensor {
  try withExtendedLifetime(x) {
    var result: OpaquePointer?
    try check(call(x.handle, &result), operation, [x])
    return try owned(result, operation)
  }
}

@inline(__always)
func make(
  _ operation: StaticString, _ x: Tensor, _ y: Tensor, _ call: (OpaquePointer, OpaquePointer, ShimResult) -> CTStatus
) throws -> Tensor {
  try withExtendedLifetime((x, y)) {
    var result: OpaquePointer?
    try check(call(x.handle, y.handle, &result), operation, [x, y])
    return try owned(result, operation)
  }
}

@inline(__always)
func make(
  _ operation: StaticString, _ x: Tensor, _ y: Tensor, _ z: Tensor?,
  _ call: (OpaquePointer, OpaquePointer, OpaquePointer?, ShimResult) -> CTStatus
) throws -> Tensor {
  try withExtendedLifetime((x, y, z)) {
    var result: OpaquePointer?
    try check(call(x.handle, y.handle, z?.handle, &result), operation, [x, y, z])
    return try owned(result, operation)
  }
}

/// For any number of inputs; the handles are in the order of `inputs`.
func make(
  _ operation: StaticString, list inputs: [Tensor], _ call: (UnsafePointer<OpaquePointer?>, ShimResult) -> CTStatus
) throws -> Tensor {
  try withHandles(inputs) { handles in
    var result: OpaquePointer?
    try check(call(handles, &result), operation, inputs)
    return try owned(result, operation)
  }
}

func withHandles<Result>(
  _ tensors: [Tensor], _ body: (UnsafePointer<OpaquePointer?>) throws -> Result
) throws -> Result {
  try withExtendedLifetime(tensors) {
    try withUnsafeTemporaryAllocation(of: OpaquePointer?.self, capacity: max(tensors.count, 1)) { buffer in
      guard let start = buffer.baseAddress else { preconditionFailure("an allocation without an address") }
      start.initialize(repeating: nil, count: max(tensors.count, 1))
      for (position, tensor) in tensors.enumerated() { start[position] = tensor.handle }
      return try body(UnsafePointer(start))
    }
  }
}

@inline(__always)
func owned(_ handle: OpaquePointer?, _ operation: StaticString) throws -> Tensor {
  guard let handle else {
    throw TensorError(.failed, operation: "\(operation)", detail: "libtorch gave no result")
  }
  return Tensor(owning: handle)
}

/// Runs a call that changes `x` in place; returns `x`, so that changes can follow one another.
@inline(__always)
func change(_ operation: StaticString, _ x: Tensor, _ call: (OpaquePointer) -> CTStatus) throws -> Tensor {
  try withExtendedLifetime(x) { try check(call(x.handle), operation, [x]) }
  return x
}

@inline(__always)
func change(
  _ operation: StaticString, _ x: Tensor, _ y: Tensor, _ call: (OpaquePointer, OpaquePointer) -> CTStatus
) throws -> Tensor {
  try withExtendedLifetime((x, y)) { try check(call(x.handle, y.handle), operation, [x, y]) }
  return x
}
