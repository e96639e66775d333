import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Tensors
import TestSupport
import Testing
import Training

extension ComputeSuite {
  /// The optimiser's state goes with the parameters that it is of.
  @Suite struct MomentumTests {
    /// Two convolutions and two linear layers without normalisation, whose statistics would see removed channels.
    private func plain() throws -> Graph {
      var builder = GraphBuilder("plain", seed: 7)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.relu(
        "relu1", builder.convolution("conv1", x, inputs: 3, outputs: 6, kernel: 3, padding: 1, bias: true))
      x = builder.maxPool("pool1", x, kernel: 2)
      x = builder.relu(
        "relu2", builder.convolution("conv2", x, inputs: 6, outputs: 5, kernel: 3, padding: 1, bias: true))
      x = builder.linear("fc1", builder.node("flatten", .flatten(axis: 1), x), inputs: 80, outputs: 7)
      x = builder.linear("fc2", builder.relu("relu3", x), inputs: 7, outputs: 4)
      return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    }

    private let recovery = Recovery(learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3, batchSize: 20)

    private func optimizer(
      _ module: GraphModule, masks: [String: Tensor] = [:], velocities: [String: TensorData] = [:]
    ) throws -> MomentumSGD {
      try MomentumSGD(
        module, momentum: recovery.momentum, weightDecay: recovery.weightDecay, masks: masks, velocities: velocities)
    }

    /// Training the compacted network with momentum that was cut with it is training the whole one while nothing reads
    /// what leaves, on every weight that stays.
    @Test func compactedTrainsAsMasked() throws {
      let source = try TestNetworks.source(TestNetworks.images(80))
      let graph = try plain()
      let analysis = try ChannelAnalysis(graph)
      let keeping = ["conv1": [0, 2, 5], "conv2": [1, 2], "fc1": [0, 3, 4, 6]]
      let first = try GraphModule(graph)
      let running = try optimizer(first)
      try FineTuning.run(first, on: source, recovery: recovery, epochs: 1, seed: 3, optimizer: running)
      let trained = try first.exportedGraph()
      let velocities = try running.velocitiesByName()
      #expect(velocities.values.allSatisfy { $0.floats.contains { $0 != 0 } })

      func continued(
        _ graph: Graph, masks: [String: Tensor] = [:], velocities: [String: TensorData]
      ) throws -> [String: TensorData] {
        let module = try GraphModule(graph)
        try FineTuning.run(
          module, on: source, recovery: recovery, epochs: 1, from: 1, seed: 3,
          optimizer: optimizer(module, masks: masks, velocities: velocities))
        return try module.exportedGraph().weights
      }
      // Zero columns are all that hides a channel here; the masked network's further nodes only say so again.
      let zeroed = try analysis.masked(trained, keeping: keeping).weights
      var masked = trained
      for name in trained.weights.keys { masked.weights[name] = zeroed[name] }
      let holding = try masked.weights.filter { $0.value.floats.contains(0) }.mapValues { tensor in
        try Tensor(floats: tensor.floats.map { $0 == 0 ? 0 : 1 }, shape: tensor.shape)
      }
      #expect(Set(holding.keys) == ["conv2.weight", "fc1.weight", "fc2.weight"])
      let whole = try continued(masked, masks: holding, velocities: velocities)
      let expected = try analysis.compacted(weights: whole, keeping: keeping)
      let cut = try analysis.compacted(trained, keeping: keeping)
      let sliced = try analysis.compacted(weights: velocities, keeping: keeping)
      func distance(_ weights: [String: TensorData]) throws -> Float {
        try weights.keys.reduce(0) { worst, name in
          let (left, right) = (try #require(weights[name]), try #require(expected[name]))
          #expect(left.shape == right.shape)
          return max(worst, zip(left.floats, right.floats).map { abs($0 - $1) }.max() ?? 0)
        }
      }
      let error = try distance(continued(cut, velocities: sliced))
      #expect(error < 2e-5, "off by \(error)")
      // Fresh momentum is another training.
      let other = try distance(continued(cut, velocities: [:]))
      #expect(other > 100 * error && other > 1e-3, "only off by \(other)")
      // Momentum of the old shapes is refused, not cut anyhow.
      #expect(throws: TrainingError.self) { try optimizer(GraphModule(cut), velocities: velocities) }
    }

    /// Two stretches with one optimiser's state taken out and put back are one.
    @Test func velocitiesGoFromModuleToModule() throws {
      let source = try TestNetworks.source(TestNetworks.images(60))
      let steady = Recovery(learningRate: 0.05, batchSize: 20)
      try onOneThread {
        let whole = try GraphModule(plain())
        let one = try optimizer(whole)
        for epoch in 0..<2 {
          try FineTuning.run(
            whole, on: source, recovery: steady, epochs: 1, from: Double(epoch), seed: 1, optimizer: one)
        }
        let first = try GraphModule(plain())
        let before = try optimizer(first)
        try FineTuning.run(first, on: source, recovery: steady, epochs: 1, seed: 1, optimizer: before)
        let second = try GraphModule(first.exportedGraph())
        let after = try optimizer(second, velocities: before.velocitiesByName())
        try FineTuning.run(second, on: source, recovery: steady, epochs: 1, from: 1, seed: 1, optimizer: after)
        #expect(try second.exportedGraph().weights == whole.exportedGraph().weights)
        #expect(try after.velocitiesByName() == one.velocitiesByName())
      }
    }
  }
}
