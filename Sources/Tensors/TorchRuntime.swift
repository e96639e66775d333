import CTorchShim

/// Settings and facts of libtorch in this process.
package enum TorchRuntime {
  /// Threads inside operators that this thread starts; between operators there is always one. Results of reductions
  /// may depend on it in the last bits.
  package static func setThreadCount(_ count: Int) throws {
    try check(ct_set_thread_count(Int32(clamping: count)), "set the thread count", [])
  }

  package static var threadCount: Int { Int(ct_thread_count()) }

  /// libtorch's version, for instance "2.13.0".
  package static var version: String { String(cString: ct_version()) }

  /// Compiler, BLAS, oneDNN and instruction set of the build, over several lines.
  package static var buildConfiguration: String {
    guard let text = ct_build_configuration() else { return "" }
    defer { ct_free(text) }
    return String(cString: text)
  }

  /// The instructions that libtorch's kernels choose on this machine: "x86_64 AVX512 bf16 vnni", for instance.
  package static var instructionSet: String {
    guard let text = ct_instruction_set() else { return "unknown" }
    defer { ct_free(text) }
    return String(cString: text)
  }

  /// The contents of the sources that this program was built from, as far as they decide what evaluations bring.
  package static var engineSources: [UInt8] {
    Array(UnsafeBufferPointer(start: ct_engine_sources(), count: ct_engine_sources_size()))
  }

  /// Zero without a CUDA build, a driver or a device.
  package static var cudaDeviceCount: Int { Int(ct_cuda_device_count()) }

  /// Refuses operators that have no deterministic form on the device; of effect on CUDA.
  package static func setDeterministic(_ value: Bool) throws {
    try check(ct_set_deterministic(value), "set determinism", [])
  }

  /// Waits until the device has done all that was asked of it; the CPU always has.
  package static func synchronize(_ device: Device) throws {
    try check(ct_synchronize(device.code), "synchronize", [])
  }

  /// Tensor handles that this thread has made and not freed: what a leak would raise.
  package static var liveTensorCount: Int { ct_live_tensors() }

  /// Calls of libtorch that this thread has made, each at most one operator: a measure of work that no clock disturbs.
  package static var callCount: UInt64 { ct_calls() }
}
