import Datasets
import Foundation
import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Tensors
import Testing
import Training

extension ComputeSuite {
  @Suite struct RecalibrationTests {
    /// The first normalisation's statistics are averages of the batches' own, computed here from the convolution alone.
    @Test func statisticsAreAveragesOverTheBatches() throws {
      let source = try TestNetworks.source(TestNetworks.images(50))
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let before = try module.exportedGraph().weights
      try Recalibration.run(module, on: source, batches: 4, batchSize: 12, seed: 8)
      let after = try module.exportedGraph().weights

      var order = SampleOrder(count: 50, batchSize: 12, seed: SeededGenerator.derivedSeed(8, stream: "recalibration"))
      let kernel = try Tensor(try #require(graph.weights["conv1.weight"]))
      var means = [Double](repeating: 0, count: 6)
      var variances = means
      for _ in 0..<4 {
        let x = try source.batch(order.next()).images.convolution(weight: kernel, padding: (1, 1))
        let rows = try x.permute([1, 0, 2, 3]).reshape([6, -1])
        for channel in 0..<6 {
          let values = try rows.slice(0, channel..<(channel + 1)).doubles
          let mean = values.reduce(0, +) / Double(values.count)
          means[channel] += mean / 4
          variances[channel] += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1) / 4
        }
      }
      let measuredMeans = try #require(after["bn1.running_mean"]).floats
      let measuredVariances = try #require(after["bn1.running_var"]).floats
      for channel in 0..<6 {
        #expect(abs(Double(measuredMeans[channel]) - means[channel]) < 1e-5)
        #expect(abs(Double(measuredVariances[channel]) / variances[channel] - 1) < 1e-5)
      }
      for (name, data) in before where !name.contains("running") { #expect(after[name] == data) }
      #expect(module.momentumOverride == nil)
      #expect(module.parameters.allSatisfy { $0.tensor.grad == nil })
    }

    /// A dropout would add its noise to the variance behind it, which evaluation never sees: the statistics are those of the
    /// network without it.
    @Test func noDropoutActsWhileStatisticsAreMeasured() throws {
      func statistics(dropout ratio: Double?) throws -> [String: TensorData] {
        var builder = GraphBuilder("dropout", seed: 1)
        var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
        x = builder.convolution("conv1", x, inputs: 3, outputs: 6, kernel: 3)
        if let ratio { x = builder.dropout("drop", x, ratio: ratio) }
        x = builder.batchNormalization(
          "bn", builder.convolution("conv2", x, inputs: 6, outputs: 4, kernel: 3), channels: 4)
        x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 64, outputs: 4)
        let module = try GraphModule(builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]))
        try Recalibration.run(
          module, on: TestNetworks.source(TestNetworks.images(64)), batches: 2, batchSize: 32, seed: 3)
        return try module.exportedGraph().weights.filter { $0.key.contains("running") }
      }
      let plain = try statistics(dropout: nil)
      #expect(plain.count == 2)
      #expect(try statistics(dropout: 0.5) == plain)
    }

    /// The average forgets what was there: nothing of absurd old statistics is left.
    @Test func oldStatisticsAreForgotten() throws {
      let source = try TestNetworks.source(TestNetworks.images(50))
      let module = try GraphModule(TestNetworks.mixed())
      let spoiled = try GraphModule(TestNetworks.mixed())
      for (_, tensor) in spoiled.statistics { try tensor.fill_(1e6) }
      for each in [module, spoiled] { try Recalibration.run(each, on: source, batches: 3, batchSize: 16, seed: 1) }
      #expect(try module.exportedGraph().weights == spoiled.exportedGraph().weights)
    }

    @Test func noBatchesOrNoNormalisationsChangeNothing() throws {
      let source = try TestNetworks.source(TestNetworks.images(20))
      let module = try GraphModule(TestNetworks.mixed())
      let before = try module.exportedGraph()
      try Recalibration.run(module, on: source, batches: 0, batchSize: 16, seed: 1)
      #expect(try module.exportedGraph() == before)

      var builder = GraphBuilder("bare", seed: 1)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 192, outputs: 4)
      let bare = try GraphModule(builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]))
      try Recalibration.run(bare, on: source, batches: 3, batchSize: 16, seed: 1)
      #expect(try bare.exportedGraph().weights == bare.graph.weights)
    }

    /// The same number of images in tiny batches: these differ in brightness, most of which a batch of two does not see. Whole
    /// batches come near the statistics of all images at once.
    @Test func tinyBatchesSpoilStatistics() throws {
      var generator = SeededGenerator(seed: 1, stream: "brightness")
      var bytes = Data()
      for _ in 0..<512 {
        let brightness = 20 + generator.uniform() * 200
        for _ in 0..<3 * 8 * 8 { bytes.append(UInt8(brightness + generator.uniform() * 20)) }
      }
      let source = try TestNetworks.source(
        ImageDataset(
          name: "brightness", channels: 3, height: 8, width: 8, classCount: 4, images: bytes,
          labels: (0..<512).map { UInt8($0 % 4) }))
      func variances(_ batches: Int, _ batchSize: Int) throws -> [Float] {
        let module = try GraphModule(TestNetworks.mixed())
        try Recalibration.run(module, on: source, batches: batches, batchSize: batchSize, seed: 4)
        return try #require(module.exportedGraph().weights["bn1.running_var"]).floats
      }
      let all = try variances(1, 512)
      func error(_ batches: Int, _ batchSize: Int) throws -> Float {
        zip(try variances(batches, batchSize), all).map { abs($0 / $1 - 1) }.max() ?? 0
      }
      let (whole, tiny) = (try error(4, Recalibration.smallestBatch), try error(256, 2))
      #expect(whole < 0.02 && tiny > 0.2, "\(whole) and \(tiny)")
    }
  }
}
