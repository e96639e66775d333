import Tensors
import Testing

extension TensorsTests {
  /// libtorch keeps casts of weights while autocast is on; ours must never be stale.
  @Suite struct AutocastTests {
    private let x: Tensor

    init() throws { x = try Tensor.ones([2, 3]) }

    private func weight() throws -> Tensor { try Tensor.ones([4, 3]).requiringGrad() }

    @Test func castsMatrixProductsOnly() throws {
      let w = try weight()
      let types = try withAutocast(.bfloat16) { [try x.linear(weight: w).type, try x.add(x).type] }
      #expect(types == [.bfloat16, .float32])
      #expect(try x.linear(weight: w).type == .float32)
    }

    @Test func weightsAreFreshInTheNextScope() throws {
      let w = try weight()
      let first = try withAutocast { try x.linear(weight: w).to(.float32).floats }
      try w.fill_(2)
      let second = try withAutocast { try x.linear(weight: w).to(.float32).floats }
      #expect(first == Array(repeating: 3, count: 8))
      #expect(second == Array(repeating: 6, count: 8))
    }

    @Test func weightsAreFreshAfterAStepInsideOneScope() throws {
      let w = try weight()
      try withAutocast {
        let loss = try x.linear(weight: w).to(.float32).sum()
        try loss.backward()
        #expect(try loss.item() == 24)
        // The gradient of each weight is 2.
        try Tensor.sgdStep(parameters: [w], velocities: [], learningRate: 0.25)
        #expect(try x.linear(weight: w).to(.float32).sum().item() == 12)
        try w.mul_(4)
        #expect(try x.linear(weight: w).to(.float32).sum().item() == 48)
      }
    }

    @Test func castsMadeWithoutGradientsDoNotStarveTraining() throws {
      let w = try weight()
      try withAutocast {
        _ = try withoutGradients { try x.linear(weight: w) }
        try x.linear(weight: w).to(.float32).sum().backward()
      }
      #expect(try #require(w.grad).floats == Array(repeating: 2, count: 12))
    }

    @Test func scopesNestAndEndAfterErrors() throws {
      let w = try weight()
      try withAutocast {
        let inner = try withAutocast(.float16) { try x.linear(weight: w).type }
        #expect(inner == .float16)
        #expect(try x.linear(weight: w).type == .bfloat16)
      }
      #expect(throws: TensorError.self) { try withAutocast { _ = try x.reshape([5]) } }
      #expect(try x.linear(weight: w).type == .float32)
      #expect(throws: TensorError.self) { try withAutocast(.int8) {} }
    }
  }
}
