import GraphRuntime
import ModelGraph
import Tensors
import Testing

extension TensorsTests {
  /// What a bound network does beside computing: statistics, observation, memory, weights, errors.
  @Suite struct GraphModuleTests {
    /// With c the convolution's and n the normalisation's result: y = max(max(n, 0) - n - c, 0), `[N, 2, 4, 4]`.
    private func residual() throws -> Graph {
      var builder = GraphBuilder("residual", seed: 3)
      let x = builder.input("x", [.symbolic("batch"), .fixed(2), .fixed(4), .fixed(4)])
      let y = builder.convolution("conv", x, inputs: 2, outputs: 2, kernel: 3, padding: 1)
      let normal = builder.batchNormalization("bn", y, channels: 2)
      let positive = builder.relu("relu", normal)
      // Reads the value before the rectifier too, which therefore must not write over it.
      let below = builder.node("below", .elementwise(.subtract), positive, normal)
      let difference = builder.node("difference", .elementwise(.subtract), below, y)
      let last = builder.relu("relu2", difference)
      return try builder.finished(output: last, as: "y", shape: [.symbolic("batch"), .fixed(2), .fixed(4), .fixed(4)])
    }

    private func input(_ shape: [Int] = [3, 2, 4, 4], seed: UInt64 = 1) throws -> Tensor {
      try TorchGenerator(seed: seed).normal(shape)
    }

    @Test func rolesDecideWhatLearns() throws {
      let module = try GraphModule(residual())
      #expect(module.parameters.map(\.name) == ["bn.bias", "bn.weight", "conv.weight"])
      #expect(module.statistics.map(\.name) == ["bn.running_mean", "bn.running_var"])
      #expect(module.parameters.allSatisfy { $0.tensor.requiresGrad })
      #expect(module.statistics.allSatisfy { !$0.tensor.requiresGrad })
    }

    @Test(arguments: [ExecutionMode.training, .evaluation])
    func watchingChangesNothing(mode: ExecutionMode) throws {
      let x = try input()
      let (plain, watched) = (try GraphModule(residual()), try GraphModule(residual()))
      let expected = try plain.forward(x, mode: mode)
      var kept: [String: Tensor] = [:]
      let result = try watched.forward(x, mode: mode) { node, tensors in
        for name in node.outputs { kept[name] = tensors[name] }
        for name in node.inputs { #expect(tensors[name] != nil) }
      }
      #expect(try result.floats == expected.floats)
      // Read at the end: what was seen must not have changed since.
      let seen = try kept.mapValues { try $0.floats }
      let normal = try #require(seen["bn_out"])
      let convolved = try #require(seen["conv_out"])
      #expect(normal.contains { $0 < 0 })
      #expect(seen["relu_out"] == normal.map { max($0, 0) })
      let differences = zip(normal, convolved).map { max($0, 0) - $0 - $1 }
      #expect(differences.contains { $0 < 0 } && differences.contains { $0 > 0 })
      #expect(seen["difference_out"] == differences)
      #expect(seen["y"] == differences.map { max($0, 0) })
      try expected.sum().backward()
      try result.sum().backward()
      for ((_, a), (_, b)) in zip(plain.parameters, watched.parameters) {
        #expect(try #require(a.grad).floats == #require(b.grad).floats)
      }
    }

    @Test func inputsAreNeverWrittenOver() throws {
      var builder = GraphBuilder("relu")
      let x = builder.input("x", [.fixed(4)])
      let same = builder.node("same", .identity, x)
      let flat = builder.node("flat", .flatten(axis: 0), same)
      let y = builder.relu("relu", flat)
      let graph = try builder.finished(output: y, shape: [.fixed(1), .fixed(4)])
      let data = try Tensor(floats: [-1, 2, -3, 4], shape: [4])
      #expect(try GraphModule(graph).forward(data, mode: .evaluation).floats == [0, 2, 0, 4])
      #expect(try data.floats == [-1, 2, -3, 4])
    }

    @Test func outputsInsideTheNetworkSurvive() throws {
      var graph = try residual()
      graph.outputs.append(ValueInfo(name: "bn_out", shape: []))
      graph.outputs.append(ValueInfo(name: "difference_out", shape: []))
      let module = try GraphModule(graph)
      let outputs = try module.forward(["x": input()], mode: .evaluation)
      let differences = try #require(outputs["difference_out"]).floats
      #expect(differences.contains { $0 < 0 })
      #expect(try #require(outputs["y"]).floats == differences.map { max($0, 0) })
    }

    @Test func valuesAreFreedAfterTheirLastUse() throws {
      var builder = GraphBuilder("chain")
      var x = builder.input("x", [.fixed(1), .fixed(8)])
      for layer in 0..<20 { x = builder.node("sigmoid\(layer)", .activation(.sigmoid), x) }
      let module = try GraphModule(try builder.finished(output: x, shape: [.fixed(1), .fixed(8)]))
      let data = try Tensor.zeros([1, 8])
      let before = TorchRuntime.liveTensorCount
      var most = 0
      let result = try withoutGradients {
        try module.forward(data, mode: .evaluation) { _, _ in most = max(most, TorchRuntime.liveTensorCount - before) }
      }
      // One value read and one made.
      #expect(most == 2)
      #expect(TorchRuntime.liveTensorCount == before + 1)
      withExtendedLifetime(result) {}
    }

    @Test func runningStatisticsMoveByTheUnbiasedVariance() throws {
      let module = try GraphModule(residual())
      let x = try input()
      var convolved: [Double] = []
      _ = try module.forward(x, mode: .training) { node, tensors in
        if node.name == "conv" { convolved = try #require(tensors["conv_out"]).doubles }
      }
      let mean = try #require(module.tensor(named: "bn.running_mean")).doubles
      let variance = try #require(module.tensor(named: "bn.running_var")).doubles
      for channel in 0..<2 {
        let values = convolved.enumerated().filter { $0.offset / 16 % 2 == channel }.map(\.element)
        let average = values.reduce(0, +) / 48
        let spread = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 47
        #expect(abs(mean[channel] - 0.1 * average) < 1e-6)
        #expect(abs(variance[channel] - (0.9 + 0.1 * spread)) < 1e-6)
      }
    }

    @Test func evaluationLeavesStatisticsAlone() throws {
      let module = try GraphModule(residual())
      _ = try module.forward(input(), mode: .evaluation)
      _ = try module.infer(input())
      #expect(try #require(module.tensor(named: "bn.running_mean")).floats == [0, 0])
    }

    @Test func momentumOverrideGivesACumulativeAverage() throws {
      let module = try GraphModule(residual())
      var means: [[Double]] = []
      for batch in 1...4 {
        module.momentumOverride = 1 / Double(batch)
        _ = try withoutGradients {
          try module.forward(input(seed: UInt64(batch)), mode: .training) { node, tensors in
            if node.name == "conv" { means.append(try #require(tensors["conv_out"]).mean([0, 2, 3]).doubles) }
          }
        }
      }
      let running = try #require(module.tensor(named: "bn.running_mean")).doubles
      for channel in 0..<2 {
        #expect(abs(running[channel] - means.reduce(0) { $0 + $1[channel] } / 4) < 1e-6)
      }
    }

    @Test func trainingOnOneValuePerChannelIsRefused() throws {
      var builder = GraphBuilder("bn")
      let x = builder.input("x", [.symbolic("batch"), .fixed(3)])
      let y = builder.batchNormalization("bn", x, channels: 3)
      let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(3)])
      let error = try #require(throws: GraphRuntimeError.self) {
        try GraphModule(graph).forward(Tensor.zeros([1, 3]), mode: .training)
      }
      #expect(error.code == .nodeFailed)
      #expect(error.message.contains("more than one value per channel"))
    }

    @Test func weightsComeBack() throws {
      let graph = try residual()
      let module = try GraphModule(graph)
      #expect(try module.exportedGraph() == graph)
      try module.parameters[2].tensor.mul_(2)
      let exported = try module.exportedGraph()
      #expect(exported.weights["conv.weight"]?.floats == graph.weights["conv.weight"]?.floats.map { $0 * 2 })
      #expect(exported.weights["bn.weight"] == graph.weights["bn.weight"])
      let again = try GraphModule(exported, memoryFormat: .channelsLast)
      #expect(try again.exportedGraph() == exported)
      let gap = try difference(again.infer(input()), module.infer(input()))
      #expect(gap < 1e-5)
      try module.load(["conv.weight": #require(graph.weights["conv.weight"])])
      #expect(try module.exportedGraph() == graph)
    }

    @Test func loadingRefusesWhatDoesNotFit() throws {
      let module = try GraphModule(residual())
      let before = try module.exportedGraph()
      for state in [
        ["bn.bias": TensorData.filled([2], with: 5), "stranger": .zeros([1])],
        ["bn.bias": .filled([2], with: 5), "bn.weight": .zeros([3])],
      ] {
        let error = try #require(throws: GraphRuntimeError.self) { try module.load(state) }
        #expect(error.code == .invalidWeight)
      }
      #expect(try module.exportedGraph() == before)
    }

    @Test func gradientsAreForgotten() throws {
      let module = try GraphModule(residual())
      try module.forward(input(), mode: .training).sum().backward()
      #expect(module.parameters.allSatisfy { $0.tensor.grad != nil })
      try module.zeroGradients()
      #expect(module.parameters.allSatisfy { $0.tensor.grad == nil })
    }

    @Test func wrongInputsAreNamed() throws {
      let module = try GraphModule(residual())
      let missing = try #require(throws: GraphRuntimeError.self) {
        try module.forward(["z": input()], mode: .evaluation)
      }
      #expect(missing.code == .missingInput)
      let shape = try #require(throws: GraphRuntimeError.self) {
        try module.forward(Tensor.zeros([3, 1, 4, 4]), mode: .evaluation)
      }
      #expect(shape.code == .inputShape)
      #expect(shape.message.contains("[3, 1, 4, 4]") && shape.message.contains("[batch, 2, 4, 4]"))
    }

    @Test func theDeclaredTypeIsChecked() throws {
      let error = try #require(throws: GraphRuntimeError.self) {
        try GraphModule(residual()).forward(input().to(.float64), mode: .evaluation)
      }
      #expect(error.code == .inputType)
      #expect(error.message.contains("float64") && error.message.contains("float32"))
    }

    /// A value cut in two at a size that is computed from it, and put together the other way round.
    private func swappingHalves() -> Graph {
      let rows: [Dimension] = [.symbolic("rows"), .fixed(3)]
      let one = TensorData(shape: [1], integers: [1])
      return Graph(
        name: "halves", inputs: [ValueInfo(name: "x", shape: rows)],
        outputs: [
          ValueInfo(name: "y", shape: rows), ValueInfo(name: "x", shape: rows),
          ValueInfo(name: "one", elementType: .int64, shape: [.fixed(1)]),
        ],
        nodes: [
          Node(name: "shape", op: .shape(start: 0, end: 1), inputs: ["x"], outputs: ["size"]),
          Node(name: "rest", op: .elementwise(.subtract), inputs: ["size", "one"], outputs: ["tail"]),
          Node(name: "sizes", op: .concat(axis: 0), inputs: ["one", "tail"], outputs: ["sizes"]),
          Node(name: "split", op: .split(axis: 0), inputs: ["x", "sizes"], outputs: ["first", "others"]),
          Node(name: "join", op: .concat(axis: 0), inputs: ["others", "first"], outputs: ["y"]),
        ], weights: ["one": one])
    }

    @Test(arguments: [2, 5])
    func sizesAreComputedAtRunTime(rows: Int) throws {
      let module = try GraphModule(swappingHalves())
      let x = try Tensor(floats: (0..<(3 * rows)).map(Float.init), shape: [rows, 3])
      var seen: [String: [Int]] = [:]
      let results = try module.forward(["x": x], mode: .evaluation) { node, tensors in
        for name in node.outputs { seen[name] = try #require(tensors[name]).shape }
      }
      #expect(try #require(results["y"]).floats == (3..<(3 * rows)).map(Float.init) + [0, 1, 2])
      #expect(
        seen == ["size": [1], "tail": [1], "sizes": [2], "first": [1, 3], "others": [rows - 1, 3], "y": [rows, 3]])
      // Inputs and weights can be outputs as well.
      #expect(try #require(results["x"]).floats == x.floats)
      #expect(try #require(results["one"]).int64s == [1])
    }

    @Test func sizesThatDoNotFitNameTheNode() throws {
      let error = try #require(throws: GraphRuntimeError.self) {
        try GraphModule(swappingHalves()).forward(["x": Tensor.zeros([0, 3])], mode: .evaluation)
      }
      #expect(error.code == .nodeFailed)
      #expect(error.message.contains("Node 'split' (Split)") && error.message.contains("[0, 3]"))
    }

    @Test func outputsThatNobodyNamesAreNotMade() throws {
      var graph = swappingHalves()
      graph.nodes[3].outputs = ["", "others"]
      graph.nodes[4].inputs = ["others", "others"]
      let x = try Tensor(floats: [0, 1, 2, 3, 4, 5], shape: [2, 3])
      let results = try GraphModule(graph).forward(["x": x], mode: .evaluation)
      #expect(try #require(results["y"]).floats == [3, 4, 5, 3, 4, 5])
    }

    /// A file that asks for batch statistics gets them in evaluation too, with the moved ones as outputs; its weights stay.
    @Test func aFileCanAskForBatchStatistics() throws {
      let names = ["scale", "bias", "mean", "variance"]
      let values: [Float] = [2, 1, 10, 4]
      let weights = Dictionary(uniqueKeysWithValues: zip(names, values.map { TensorData(shape: [1], floats: [$0]) }))
      let attributes = BatchNormalization(epsilon: 0, momentum: 0.25, usesBatchStatistics: true)
      let node = Node(
        name: "bn", op: .batchNormalization(attributes), inputs: ["x"] + names,
        outputs: ["y", "newMean", "newVariance"])
      let graph = Graph(
        name: "bn", inputs: [ValueInfo(name: "x", shape: [.fixed(4), .fixed(1)])],
        outputs: node.outputs.map { ValueInfo(name: $0, shape: []) }, nodes: [node], weights: weights)
      let module = try GraphModule(graph)
      let results = try module.forward(["x": Tensor(floats: [0, 0, 4, 4], shape: [4, 1])], mode: .evaluation)
      // The batch has mean 2 and, as a population, variance 4.
      #expect(try #require(results["y"]).floats == [-1, -1, 3, 3])
      #expect(try #require(results["newMean"]).floats == [8])
      #expect(try #require(results["newVariance"]).floats == [4])
      #expect(try #require(module.tensor(named: "mean")).floats == [10])
    }

    @Test func failuresNameTheNode() throws {
      var graph = try residual()
      graph.weights["conv.weight"] = .zeros([2, 3, 3, 3])
      let error = try #require(throws: GraphRuntimeError.self) {
        try GraphModule(graph).forward(input(), mode: .evaluation)
      }
      #expect(error.code == .nodeFailed)
      #expect(error.message.contains("Node 'conv' (Conv)"))
      #expect(error.message.contains("[3, 2, 4, 4], [2, 3, 3, 3]"))
    }

    @Test func nodesThatCannotRunAreRefusedAtOnce() throws {
      var graph = try residual()
      graph.nodes[0].inputs.removeLast()
      let error = try #require(throws: GraphRuntimeError.self) { try GraphModule(graph) }
      #expect(error.code == .unsupported)
      var broken = try residual()
      broken.nodes[1].inputs[0] = "nothing"
      #expect(throws: GraphError.self) { try GraphModule(broken) }
    }
  }
}
