import Foundation
import Tensors
import Testing

extension TensorsTests {
  /// Making, reading and changing tensors, and what goes wrong.
  @Suite struct TensorTests {
    @Test func valuesGoInAndComeOut() throws {
      let x = try Tensor(floats: [1, 2, 3, 4, 5, 6], shape: [2, 3])
      #expect(x.shape == [2, 3])
      #expect(x.rank == 2)
      #expect(x.elementCount == 6)
      #expect(x.type == .float32)
      #expect(x.device == .cpu)
      #expect(try x.transpose().floats == [1, 4, 2, 5, 3, 6])
      #expect(try x.int64s == [1, 2, 3, 4, 5, 6])
      #expect(try Tensor(floats: [2.5], shape: []).item() == 2.5)
      #expect(try Tensor.zeros([0, 3]).floats.isEmpty)
      #expect(try Tensor.arange(2..<5).int64s == [2, 3, 4])
      #expect(try Tensor.full(7, shape: [2], type: .int32).int64s == [7, 7])
    }

    @Test(arguments: ScalarType.allCases)
    func bytesKeepTheirType(type: ScalarType) throws {
      let bytes = Data((0..<(6 * type.byteCount)).map { type == .bool ? UInt8($0 % 2) : UInt8($0) })
      let x = try Tensor(bytes: bytes, shape: [2, 3], type: type)
      #expect(x.type == type)
      #expect(try x.copyBytes() == bytes)
      // Another layout in memory gives the same bytes.
      #expect(try x.transpose().transpose().copyBytes() == bytes)
    }

    @Test func bytesAreCopied() throws {
      let x = try Tensor(floats: [1, 2], shape: [2])
      let copy = try x.clone()
      let alias = try x.detach()
      try x.fill_(9)
      #expect(try copy.floats == [1, 2])
      #expect(try alias.floats == [9, 9])
      #expect(alias.sharesMemory(with: x))
      #expect(!copy.sharesMemory(with: x))
    }

    @Test func bfloat16Rounds() throws {
      let x = try Tensor(floats: [1.00390625, 3], shape: [2]).to(.bfloat16)
      #expect(try x.copyBytes() == Data([0x80, 0x3f, 0x40, 0x40]))
    }

    @Test func channelsLastIsALayoutOnly() throws {
      let x = try TorchGenerator(seed: 1).normal([2, 3, 4, 5])
      let y = try x.contiguous(.channelsLast)
      #expect(y.isChannelsLast && !x.isChannelsLast)
      #expect(y.shape == x.shape)
      #expect(try y.floats == x.floats)
    }

    @Test func oneChannelIsLaidOutAnew() throws {
      let x = try Tensor.ones([2, 1, 4, 5])
      let y = try x.contiguous(.channelsLast)
      // Equal bytes either way, but libtorch goes by the strides and would otherwise take its slow path.
      #expect(!y.sharesMemory(with: x))
      #expect(try y.contiguous(.channelsLast).sharesMemory(with: y))
      let weight = try Tensor.ones([3, 1, 3, 3])
      #expect(try y.convolution(weight: weight).isChannelsLast)
    }

    @Test func changesInPlace() throws {
      let x = try Tensor(floats: [1, 2, 3], shape: [3]).requiringGrad()
      let y = try Tensor(floats: [10, 20, 30], shape: [3])
      try x.add_(y, alpha: 0.5).mul_(2).add_(1).mul_(y)
      #expect(try x.floats == [130, 500, 1110])
      try x.copy_(Tensor(floats: [5], shape: [1])).clamp_(0, 4).addcmul_(y, y, value: 0.1).addcdiv_(y, y, value: 2)
      #expect(try x.floats == [16, 46, 96])
      #expect(try x.zero_().floats == [0, 0, 0])
      #expect(x.requiresGrad)
    }

    @Test func mismatchedShapesNameOperatorAndShapes() throws {
      let (x, y) = (try Tensor.zeros([4, 3]), try Tensor.zeros([5]))
      let error = try #require(throws: TensorError.self) { try x.add(y) }
      #expect(error.code == .refused)
      #expect(error.operation == "add")
      #expect(error.shapes == [[4, 3], [5]])
      #expect(error.message.contains("add on inputs of shape [4, 3], [5]"))
      // Only what concerns the caller, no stack.
      #expect(!error.message.contains("\n"))
    }

    @Test func everyFamilyOfOperatorsThrows() throws {
      let x = try Tensor.zeros([2, 3])
      let attempts: [(String, () throws -> Void)] = [
        ("sum", { _ = try x.sum([5]) }),
        ("matrix product", { _ = try x.matmul(x) }),
        ("convolution", { _ = try x.convolution(weight: x) }),
        (
          "batch normalisation",
          { _ = try Tensor.zeros([3]).batchNorm(weight: nil, bias: nil, mean: nil, variance: nil, training: true) }
        ),
        ("max pool", { _ = try x.maxPool(kernel: (0, 0), strides: (1, 1)) }),
        ("cross-entropy", { _ = try x.crossEntropy(labels: Tensor(int64s: [0, 7], shape: [2])) }),
        ("reshape", { _ = try x.reshape([4]) }),
        ("concatenate", { _ = try Tensor.cat([], axis: 0) }),
        ("pad", { _ = try x.pad(before: [1], after: [1]) }),
        ("index select", { _ = try x.indexSelect(0, Tensor(int64s: [9], shape: [1])) }),
        ("backward", { try x.backward() }),
        ("requires grad", { try Tensor.arange(0..<3).requiringGrad() }),
        ("item", { _ = try x.item() }),
        ("copy in place", { try x.copy_(Tensor.zeros([7])) }),
        ("copy in", { _ = try Tensor(floats: [1], shape: [2]) }),
        ("copy in", { _ = try Tensor(floats: [], shape: [-1]) }),
        ("copy in", { _ = try Tensor(floats: [], shape: [1 << 40, 1 << 40]) }),
        ("top k", { _ = try x.topK(9) }),
        ("bernoulli", { _ = try TorchGenerator(seed: 0).bernoulli([2], probability: 2) }),
        ("SGD step", { try Tensor.sgdStep(parameters: [x], velocities: [], learningRate: 1, momentum: 0.9) }),
      ]
      for (name, attempt) in attempts {
        let error = try #require(throws: TensorError.self, "\(name)") { try attempt() }
        #expect(error.operation == name)
        #expect(error.code == .refused || error.code == .invalidArgument)
      }
    }

    @Test func absentMemoryIsItsOwnCode() throws {
      let error = try #require(throws: TensorError.self) { try Tensor.zeros([1 << 48]) }
      #expect(error.code == .outOfMemory)
      #expect(error.remedy != nil)
    }

    @Test func devices() throws {
      #expect(try Device(parsing: "cpu") == .cpu)
      #expect(try Device(parsing: "cuda") == .cuda(0))
      #expect(try Device(parsing: "cuda:3") == .cuda(3))
      #expect("\(Device.cuda(3))" == "cuda:3")
      for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
        let error = try #require(throws: TensorError.self) { try Device(parsing: text) }
        #expect(error.code == .invalidArgument)
      }
      let absent = try #require(throws: TensorError.self) {
        try Tensor.zeros([1], device: .cuda(TorchRuntime.cudaDeviceCount))
      }
      #expect(absent.code == .noDevice)
    }

    @Test func handlesAreFreed() throws {
      let before = TorchRuntime.liveTensorCount
      for _ in 0..<10 { _ = try Tensor.ones([2]).add(1).sum() }
      #expect(TorchRuntime.liveTensorCount == before)
      let kept = try Tensor.ones([2])
      #expect(TorchRuntime.liveTensorCount == before + 1)
      withExtendedLifetime(kept) {}
    }
  }
}
