import CTorchShim

/// A random generator of libtorch, on one device; every random tensor operation takes one.
///
/// Seed it through `SeededGenerator.derivedSeed(_:stream:)`. Equal seeds give equal sequences on one device and build.
package final class TorchGenerator {
  package let device: Device
  let handle: OpaquePointer

  package init(seed: UInt64, device: Device = .cpu) throws {
    // libtorch's CPU generator looks at the low half of its seed only; the high half is folded in.
    let seed = seed >> 32 ^ seed
    var result: OpaquePointer?
    try check(ct_generator_new(seed, device.code, &result), "make a generator", [])
    guard let result else { throw TensorError(.failed, operation: "make a generator", detail: "libtorch gave none") }
    handle = result
    self.device = device
  }

  deinit { ct_generator_free(handle) }

  /// Standard normal numbers.
  package func normal(_ shape: [Int]) throws -> Tensor {
    try make("normal") { ct_randn(handle, shape, shape.count, $0) }
  }

  /// In `low..<high`.
  package func uniform(_ shape: [Int], low: Double = 0, high: Double = 1) throws -> Tensor {
    try make("uniform") { ct_uniform(handle, low, high, shape, shape.count, $0) }
  }

  /// int64 in the range.
  package func integers(_ shape: [Int], in range: Range<Int>) throws -> Tensor {
    try make("integers") { ct_randint(handle, range.lowerBound, range.upperBound, shape, shape.count, $0) }
  }

  /// float32 ones with this probability, else zeros.
  package func bernoulli(_ shape: [Int], probability: Double) throws -> Tensor {
    try make("bernoulli") { ct_bernoulli(handle, probability, shape, shape.count, $0) }
  }

  /// 0..<count in random order, int64.
  package func permutation(_ count: Int) throws -> Tensor {
    try make("permutation") { ct_randperm(handle, count, $0) }
  }

  private func make(_ operation: StaticString, _ call: (ShimResult) -> CTStatus) throws -> Tensor {
    try withExtendedLifetime(self) { try Tensors.make(operation, call) }
  }
}
