import Tensors
import Testing

extension TensorsTests {
  /// Operators by name: every kind of argument arrives, results come back in order, faults are told.
  @Suite struct ATenOperatorTests {
    private func counting(_ shape: [Int]) throws -> Tensor {
      try Tensor(floats: (0..<shape.reduce(1, *)).map(Float.init), shape: shape)
    }

    @Test func numbersListsAndDefaultsArrive() throws {
      let x = try counting([2, 3])
      let add = ATenOperator("aten::add", "Tensor")
      #expect(try add.one(.tensor(x), .tensor(x)).floats == [0, 2, 4, 6, 8, 10])
      // A whole number where the operator takes any number, and where it takes a fraction.
      #expect(try add.one(.tensor(x), .tensor(x), 2).floats == [0, 3, 6, 9, 12, 15])
      let elu = ATenOperator("aten::elu")
      #expect(try elu.one(.tensor(x.sub(3)), 1, 1, 0).floats == [0, 0, 0, 0, 1, 2])
      let flip = ATenOperator("aten::flip")
      #expect(try flip.one(.tensor(x), [0, 1]).floats == [5, 4, 3, 2, 1, 0])
      let sum = ATenOperator("aten::sum", "dim_IntList")
      let total = try sum.one(.tensor(x), [-1], true, .type(.float64))
      #expect(total.shape == [2, 1] && total.type == .float64)
      #expect(try total.doubles == [3, 12])
    }

    @Test func optionalTensorsTextsAndDevicesArrive() throws {
      let x = try counting([3, 4])
      let index = ATenOperator("aten::index", "Tensor")
      let columns = try Tensor(int64s: [3, 0], shape: [2])
      #expect(try index.one(.tensor(x), .optionalTensors([nil, columns])).floats == [3, 0, 7, 4, 11, 8])
      // A list without gaps is taken where gaps are allowed.
      let rows = try Tensor(int64s: [2, 0], shape: [2])
      #expect(try index.one(.tensor(x), .tensors([rows, columns])).floats == [11, 0])
      let divide = ATenOperator("aten::div", "Scalar_mode")
      #expect(try divide.one(.tensor(x.slice(0, 0..<1)), 2, "floor").floats == [0, 0, 1, 1])
      let mode = String(repeating: "x", count: 21)
      #expect(throws: TensorError.self) { try divide.one(.tensor(x), 2, .text(mode)) }
      let full = ATenOperator("aten::full")
      let made = try full.one([2], 7, .type(.int32), nil, .device(.cpu))
      #expect(made.type == .int32)
      #expect(try made.int64s == [7, 7])
      let linear = ATenOperator("aten::linear")
      #expect(try linear.one(.tensor(x), .tensor(x), .optional(nil)).shape == [3, 3])
    }

    @Test func randomOperatorsTakeTheGenerator() throws {
      let bernoulli = ATenOperator("aten::bernoulli", "p")
      let x = try Tensor.zeros([100])
      let draws = try [5, 5, 6].map { seed in
        try bernoulli.one(.tensor(x), 0.5, .generator(TorchGenerator(seed: seed))).floats
      }
      #expect(draws[0] == draws[1])
      #expect(draws[0] != draws[2])
    }

    @Test func listsAmongTheResultsAreLaidOutFlat() throws {
      let split = ATenOperator("aten::split_with_sizes")
      let parts = try split(.tensor(counting([5])), [1, 0, 4])
      #expect(try parts.map { try $0.floats } == [[0], [], [1, 2, 3, 4]])
      let sort = ATenOperator("aten::sort")
      let sorted = try sort(.tensor(Tensor(floats: [2, 3, 1], shape: [3])))
      #expect(try sorted[0].floats == [1, 2, 3])
      #expect(try sorted[1].int64s == [2, 0, 1])
      #expect(throws: TensorError.self) {
        try split.call([.tensor(counting([5])), [1, 0, 4]], resultLimit: 2)
      }
    }

    @Test func gradientsGoThrough() throws {
      let x = try Tensor(floats: [-1, 2], shape: [2])
      try x.requiringGrad()
      let square = ATenOperator("aten::pow", "Tensor_Scalar")
      try square.one(.tensor(x), 3).sum().backward()
      #expect(try #require(x.grad).floats == [3, 12])
    }

    @Test func handlesAreFreed() throws {
      let before = TorchRuntime.liveTensorCount
      _ = try ATenOperator("aten::unbind", "int")(.tensor(counting([7, 2])))
      #expect(TorchRuntime.liveTensorCount == before)
    }

    @Test func faultsAreTold() throws {
      let x = try counting([2, 3])
      let unknown = try #require(throws: TensorError.self) { try ATenOperator("aten::no_such_thing")(.tensor(x)) }
      #expect(unknown.message.contains("aten::no_such_thing"))
      let matmul = ATenOperator("aten::matmul")
      let misfit = try #require(throws: TensorError.self) { try matmul(.tensor(x), .tensor(x)) }
      #expect(misfit.code == .refused)
      #expect(misfit.shapes == [[2, 3], [2, 3]])
      #expect(throws: TensorError.self) { try matmul(.tensor(x)) }
      #expect(throws: TensorError.self) { try matmul(.tensor(x), .tensor(x), 1, 2, 3) }
      #expect(throws: TensorError.self) { try matmul(.tensor(x), 2) }
    }
  }
}
