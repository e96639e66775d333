import GraphRuntime
import ModelGraph
import Tensors
import Testing

extension TensorsTests {
  /// Whole networks against PyTorch: two steps of training and an evaluation before and after.
  @Suite struct NetworkGoldenTests {
    @Test(arguments: ["fashion-cnn", "resnet20"], [MemoryFormat.contiguous, .channelsLast])
    func trainsAsPyTorchDoes(name: String, format: MemoryFormat) throws {
      let goldens = try Goldens("networks")
      let graph = try Self.filledGraph(name)
      let module = try GraphModule(graph, memoryFormat: format)
      let channels = name == "fashion-cnn" ? 1 : 3
      let side = name == "fashion-cnn" ? 28 : 32
      let shape = [6, channels, side, side]
      let x = try Tensor(floats: filled(shape, salt: 1000), shape: shape)
      let labels = try Tensor(int64s: [0, 3, 6, 9, 2, 5], shape: [6])

      func expect(_ value: Tensor, _ golden: String, _ tolerance: Double = 2e-5) throws {
        #expect(try difference(value, goldens.tensor("\(name).\(golden)")) < tolerance, "\(golden)")
      }

      try expect(module.infer(x), "evaluation.before")
      let velocities = try module.parameters.map { try Tensor.zeros($0.tensor.shape) }
      for step in 1...2 {
        try module.zeroGradients()
        let logits = try module.forward(x, mode: .training)
        let loss = try logits.crossEntropy(labels: labels, labelSmoothing: 0.1)
        try loss.backward()
        try expect(logits, "logits.\(step)", 2e-4)
        try expect(loss.reshape([1]), "loss.\(step)", 2e-4)
        if step == 1 {
          for (parameter, tensor) in module.parameters {
            let gradient = try #require(tensor.grad)
            let first = try gradient.contiguous().reshape([-1]).slice(0, 0..<3)
            try expect(Tensor.cat([gradient.norm().reshape([1]), first], axis: 0), "gradient.\(parameter)", 2e-4)
          }
          for (statistic, tensor) in module.statistics { try expect(tensor, "statistic.\(statistic)") }
        }
        try Tensor.sgdStep(
          parameters: module.parameters.map(\.tensor), velocities: velocities, learningRate: 0.01, momentum: 0.9,
          weightDecay: 5e-4, nesterov: true)
      }
      try expect(withoutGradients { try module.forward(x, mode: .evaluation) }, "evaluation.after", 1e-3)
    }

    /// A built-in network with the weights of make_goldens.py.
    static func filledGraph(_ name: String) throws -> Graph {
      var graph = try BuiltinNetworks.graph(named: name)
      // Sizes and positions are weights of a graph too; they stay.
      let names = graph.weights.keys.sorted().filter { graph.weights[$0]?.elementType == .float32 }
      for (salt, weight) in names.enumerated() {
        let shape = try #require(graph.weights[weight]).shape
        let range: ClosedRange<Double>
        if weight.hasSuffix("running_var") || (shape.count == 1 && weight.hasSuffix("weight")) {
          range = 0.5...1.5
        } else if shape.count == 1 {
          range = -0.1...0.1
        } else {
          let bound = (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
          range = -bound...bound
        }
        graph.weights[weight] = TensorData(
          shape: shape, floats: filled(shape, salt: UInt64(salt), range.lowerBound, range.upperBound))
      }
      return graph
    }
  }
}
