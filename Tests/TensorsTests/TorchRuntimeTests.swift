import Tensors
import Testing

extension TensorsTests {
  @Suite struct TorchRuntimeTests {
    @Test func threadCountIsKept() throws {
      let before = TorchRuntime.threadCount
      defer { try? TorchRuntime.setThreadCount(before) }
      for count in [1, 2, 3] {
        try TorchRuntime.setThreadCount(count)
        #expect(TorchRuntime.threadCount == count)
      }
      for count in [0, -1] {
        let error = try #require(throws: TensorError.self) { try TorchRuntime.setThreadCount(count) }
        #expect(error.code == .refused)
      }
    }

    @Test func facts() {
      #expect(TorchRuntime.version.hasPrefix("2."))
      #expect(TorchRuntime.buildConfiguration.contains("PyTorch built with"))
      #expect(TorchRuntime.cudaDeviceCount >= 0)
    }

    @Test func determinismCanBeAskedFor() throws {
      try TorchRuntime.setDeterministic(true)
      defer { try? TorchRuntime.setDeterministic(false) }
      #expect(try Tensor.ones([3]).sum().item() == 3)
      try TorchRuntime.synchronize(.cpu)
    }
  }
}
