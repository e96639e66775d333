import Tensors
import Testing

extension TensorsTests {
  /// The tape, its scopes and the optimiser's step.
  @Suite struct AutogradTests {
    @Test func gradientsAddUpUntilCleared() throws {
      let x = try Tensor(floats: [3], shape: []).requiringGrad()
      #expect(x.grad == nil)
      try x.square().backward()
      try x.square().backward()
      #expect(try x.grad?.item() == 12)
      try x.clearGrad()
      #expect(x.grad == nil)
    }

    @Test func secondDerivatives() throws {
      let x = try Tensor(floats: [2], shape: []).requiringGrad()
      let unused = try Tensor(floats: [2], shape: []).requiringGrad()
      let cube = try x.pow(3)
      let first = try Tensor.gradients(of: [cube], withRespectTo: [x, unused], createsGraph: true)
      #expect(try first[0]?.item() == 12)
      #expect(first[1] == nil)
      let slope = try #require(first[0])
      #expect(try Tensor.gradients(of: [slope], withRespectTo: [x])[0]?.item() == 12)
      #expect(x.grad == nil)
    }

    @Test func intermediateGradientsCanBeKept() throws {
      let x = try Tensor(floats: [1, 2], shape: [2]).requiringGrad()
      let y = try x.mul(3)
      try y.retainGrad()
      try y.square().sum().backward()
      #expect(try y.grad?.floats == [6, 12])
    }

    @Test func scopesNest() throws {
      let x = try Tensor(floats: [1], shape: []).requiringGrad()
      #expect(try x.mul(2).requiresGrad)
      try withoutGradients {
        #expect(try !x.mul(2).requiresGrad)
        let inner = try withGradients { try x.mul(2).requiresGrad }
        #expect(inner)
        #expect(try !x.mul(2).requiresGrad)
      }
      #expect(throws: TensorError.self) { try withoutGradients { _ = try x.add(Tensor.zeros([2]).matmul(x)) } }
      #expect(try x.mul(2).requiresGrad)
      let inferred = try withInference { try x.mul(2) }
      #expect(!inferred.requiresGrad)
      #expect(throws: TensorError.self) { try x.mul(inferred).backward() }
    }

    /// v = 0.9 v + (g + 0.1 w), then w -= 0.5 (g + 0.1 w + 0.9 v) with Nesterov, or w -= 0.5 v.
    @Test(arguments: [false, true])
    func momentumStepsByHand(nesterov: Bool) throws {
      let w = try Tensor(floats: [1, -2], shape: [2]).requiringGrad()
      let idle = try Tensor(floats: [5], shape: [1]).requiringGrad()
      let velocities = try [Tensor.zeros([2]), Tensor.zeros([1])]
      var (expected, velocity): ([Double], [Double]) = ([1, -2], [0, 0])
      for _ in 0..<3 {
        try w.clearGrad()
        try w.square().sum().backward()
        try Tensor.sgdStep(
          parameters: [w, idle], velocities: velocities, learningRate: 0.5, momentum: 0.9, weightDecay: 0.1,
          nesterov: nesterov)
        for i in 0..<2 {
          let gradient = 2 * expected[i] + 0.1 * expected[i]
          velocity[i] = 0.9 * velocity[i] + gradient
          expected[i] -= 0.5 * (nesterov ? gradient + 0.9 * velocity[i] : velocity[i])
        }
      }
      #expect(try zip(w.doubles, expected).allSatisfy { abs($0 - $1) < 1e-5 })
      // Without a gradient neither decay nor momentum moves a parameter.
      #expect(try idle.floats == [5])
    }

    /// The fused kernel walks through memory; a velocity in another layout must still meet its own element.
    @Test(arguments: [false, true])
    func layoutsMayDiffer(nesterov: Bool) throws {
      let shape = [2, 3, 2, 2]
      func stepped(parameter: MemoryFormat, velocity: MemoryFormat) throws -> ([Float], [Float]) {
        let w = try Tensor(floats: filled(shape, salt: 1), shape: shape).contiguous(parameter).requiringGrad()
        let v = try Tensor(floats: filled(shape, salt: 2), shape: shape).contiguous(velocity)
        for _ in 0..<2 {
          try w.clearGrad()
          try w.pow(3).sum().backward()
          try Tensor.sgdStep(
            parameters: [w], velocities: [v], learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, nesterov: nesterov)
        }
        return (try w.floats, try v.floats)
      }
      let expected = try stepped(parameter: .contiguous, velocity: .contiguous)
      let formats: [(MemoryFormat, MemoryFormat)] = [
        (.channelsLast, .contiguous), (.channelsLast, .channelsLast), (.contiguous, .channelsLast),
      ]
      for formats in formats {
        let (w, v) = try stepped(parameter: formats.0, velocity: formats.1)
        #expect(zip(w + v, expected.0 + expected.1).allSatisfy { abs($0 - $1) < 1e-6 })
      }
    }

    @Test func plainSteps() throws {
      let w = try Tensor(floats: [1, -2], shape: [2]).requiringGrad()
      try w.square().sum().backward()
      try Tensor.sgdStep(parameters: [w], velocities: [], learningRate: 0.25)
      #expect(try w.floats == [0.5, -1])
    }
  }
}
