import ChannelGroups
import Datasets
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import TestSupport
import Testing
import Training

extension ComputeSuite {
  /// Criteria that look at what units put out, against PyTorch, closed forms and plain loops.
  @Suite struct ActivationCriteriaTests {
    static let criteria: [Criterion] = [.meanActivation, .apoz, .entropy, .hrank, .distilledSparsity, .wanda]

    private func scores(
      _ criterion: Criterion, _ graph: Graph, _ source: BatchSource, batches: Int = 4, batchSize: Int = 8
    ) throws -> [String: [Float]] {
      try ImportanceScoring.channelScores(
        criterion, groups: ChannelAnalysis(graph).groups, module: GraphModule(graph), data: source, seed: 1,
        calibration: Calibration(batches: batches, batchSize: batchSize))
    }

    private func expectClose(
      _ found: [Float], _ wanted: [Float], within tolerance: Float = 1e-4, _ what: String = "",
      location: SourceLocation = #_sourceLocation
    ) {
      #expect(found.count == wanted.count, sourceLocation: location)
      for (a, b) in zip(found, wanted) {
        #expect(
          abs(a - b) <= tolerance * max(abs(b), 1e-6), "\(what): \(found) against \(wanted)", sourceLocation: location)
      }
    }

    /// A head's score is made of the responses of all channels in it, whichever layer makes them.
    @Test func headsAreJudgedByTheirChannels() throws {
      var builder = GraphBuilder("attending", seed: 1)
      let input = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(8), .fixed(8)])
      let x = builder.reshape("rows", input, [0, 8, 8])
      let parts = ["q", "k", "v"].map { builder.projection($0, x, inputs: 8, outputs: 12, bias: false) }
      var y = builder.node(
        "attention", .attention(Attention(queryHeads: 4, keyValueHeads: 4)), parts[0], parts[1], parts[2])
      y = builder.projection("proj", y, inputs: 12, outputs: 8)
      y = builder.reduceMean("mean", y, axes: [1], keepsAxes: false)
      y = builder.linear("fc", y, inputs: 8, outputs: 4)
      let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(4)])
      let source = try TestNetworks.source(TestNetworks.images(32, channels: 1))
      let groups = try ChannelAnalysis(graph, kind: .head).groups
      #expect(groups.map(\.units.count) == [4])
      for criterion in [Criterion.meanActivation, .entropy] {
        let found = try ImportanceScoring.channelScores(
          criterion, groups: groups, module: GraphModule(graph), data: source, seed: 1,
          calibration: Calibration(batches: 1, batchSize: 32))
        for group in groups {
          let values = try #require(found[group.name])
          #expect(values.count == group.units.count)
          #expect(values.allSatisfy { $0 > 0 } && Set(values).count == values.count, "\(criterion) \(values)")
        }
      }
    }

    /// Linear layers on images `[N, channels, 2, 2]`, the first without a bias and with a rectifier.
    private func layers(_ rows: [[Float]], channels: Int = 1) throws -> Graph {
      var builder = GraphBuilder("layers", seed: 1)
      let width = channels * 4
      var x = builder.input("input", [.symbolic("batch"), .fixed(channels), .fixed(2), .fixed(2)])
      x = builder.linear("fc1", builder.flatten("flat", x), inputs: width, outputs: rows.count, bias: false)
      x = builder.linear("fc2", builder.relu("relu", x), inputs: rows.count, outputs: 4)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      graph.weights["fc1.weight"] = TensorData(shape: [rows.count, width], floats: rows.flatMap { $0 })
      return graph
    }

    // MARK: Oracles

    @Test(arguments: criteria)
    func agreesWithPyTorch(criterion: Criterion) throws {
      let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
      let golden = try SafetensorsFile.read(folder.appendingPathComponent("activation_scores.safetensors"))
      let state = Dictionary(
        uniqueKeysWithValues: golden.filter { $0.key.hasPrefix("network.") }.map {
          ($0.key.dropFirst(8).description, $0.value)
        })
      let graph = try TestNetworks.mixed().laying(state)
      let dataset = try ImageDataset(
        name: "golden", channels: 3, height: 8, width: 8, classCount: 4, images: #require(golden["images"]).bytes,
        labels: Array(repeating: 0, count: 32))
      let source = try TestNetworks.source(dataset)
      // Four batches of eight are all 32 samples.
      let found = try scores(criterion, graph, source)
      for group in ["conv1", "conv2", "fc1"] {
        let wanted = try #require(golden["\(group).\(criterion.rawValue)"]).floats
        expectClose(try #require(found[group]), wanted, within: 2e-3, "\(group) \(criterion.rawValue)")
      }
      guard criterion == .wanda else { return }
      let elements = try ImportanceScoring.elementScores(
        .wanda, weights: graph.prunableWeights().map(\.weight), module: GraphModule(graph), data: source, seed: 1,
        calibration: Calibration(batches: 4, batchSize: 8))
      for layer in ["conv1", "conv2", "fc1", "fc2"] {
        let values = try #require(elements["\(layer).weight"])
        expectClose(values, try #require(golden["\(layer).elements"]).floats, "\(layer) elements")
      }
    }

    /// Units that pass single pixels on: everything follows from the pixels.
    @Test func unitsThatPassPixelsOnAreTheirStatistics() throws {
      let graph = try layers([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 0]])
      let source = try TestNetworks.source(TestNetworks.images(32, channels: 1, size: 2))
      let pixels = try source.batch((0..<32).map { Int64($0) }).images.floats.map(Double.init)
      let units = [(0..<32).map { max(pixels[$0 * 4], 0) }, (0..<32).map { max(-pixels[$0 * 4 + 1], 0) }]
      func expect(_ criterion: Criterion, _ value: ([Double]) -> Double) throws {
        let found = try #require(scores(criterion, graph, source)["fc1"])
        expectClose(found, units.map { Float(value($0)) } + [0], criterion.rawValue)
      }
      try expect(.meanActivation) { $0.reduce(0, +) / 32 }
      try expect(.apoz) { values in Double(values.count { $0 != 0 }) / 32 }
      try expect(.hrank) { values in Double(values.count { $0 != 0 }) / 32 }
      try expect(.entropy) { values in
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        var bins: [Int: Double] = [:]
        for value in values { bins[min(Int((value - low) / (high - low) * 32), 31), default: 0] += 1 }
        return bins.values.reduce(0) { $0 - $1 / 32 * log($1 / 32) }
      }
      let wanda = try #require(scores(.wanda, graph, source)["fc1"])
      let norms = [0, 1].map { place in
        (0..<32).reduce(0) { $0 + pixels[$1 * 4 + place] * pixels[$1 * 4 + place] }.squareRoot()
      }
      expectClose(wanda, norms.map { Float($0) } + [0], "wanda")
    }

    /// Maps of outer products have rank one, sums of two of them rank two.
    @Test func ranksAreThoseOfTheMaps() throws {
      var bytes = Data()
      for sample in 0..<16 {
        for row in 0..<4 {
          for column in 0..<4 {
            // The pixels are 1 + r c, or (from sample 8 on) all equal, or zero.
            bytes.append(sample < 8 ? UInt8(1 + row * column) : sample < 12 ? 7 : 0)
          }
        }
      }
      let dataset = try ImageDataset(
        name: "products", channels: 1, height: 4, width: 4, classCount: 2, images: bytes,
        labels: (0..<16).map { UInt8($0 % 2) })
      let source = try BatchSource(
        dataset, indices: (0..<16).map { $0 }, input: InputNormalization(scale: 1, mean: [0], std: [1]))
      var builder = GraphBuilder("ranks", seed: 2)
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(4), .fixed(4)])
      x = builder.convolution("conv", x, inputs: 1, outputs: 2, kernel: 1, bias: true)
      x = builder.node("pool", .globalAveragePool, builder.relu("relu", x))
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 2, outputs: 2)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
      graph.weights["conv.weight"] = TensorData(shape: [2, 1, 1, 1], floats: [1, 1])
      // Without its constant part the map is an outer product.
      graph.weights["conv.bias"] = TensorData(shape: [2], floats: [0, -1])
      // Eight samples have rank two, and without their constant part one; four flat ones have one, and four zeros none.
      let found = try scores(.hrank, graph, source, batches: 2)["conv"]
      let wanted: [Float] = [1.25, 0.75]
      #expect(found == wanted)
    }

    /// A unit that answers one predicted class alone is as sparse as can be: s = 1 - 1 / C.
    @Test func distilledSparsityOfCertainNetworks() throws {
      // Four kinds of images, one bright pixel each; the logits are a thousandfold of the pixels.
      var bytes = Data()
      for sample in 0..<32 { for pixel in 0..<4 { bytes.append(pixel == sample % 4 ? 2 : 0) } }
      let dataset = try ImageDataset(
        name: "kinds", channels: 1, height: 2, width: 2, classCount: 4, images: bytes,
        labels: Array(repeating: 0, count: 32))
      let source = try BatchSource(
        dataset, indices: (0..<32).map { $0 }, input: InputNormalization(scale: 1, mean: [0], std: [1]))
      var graph = try layers([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5]])
      var second = [Float](repeating: 0, count: 20)
      for unit in 0..<4 { second[unit * 5 + unit] = 1000 }
      graph.weights["fc2.weight"] = TensorData(shape: [4, 5], floats: second)
      graph.weights["fc2.bias"] = .zeros([4])
      // The first four are 2 in a quarter of the samples, the last is 1 in all of them.
      expectClose(try #require(scores(.distilledSparsity, graph, source)["fc1"]), [0.375, 0.375, 0.375, 0.375, 0])
    }

    // MARK: Which value speaks

    /// Behind its normalisation and activation, Swish of two nodes too, and at the layer's own output where a sum reads that.
    @Test func consumersReadWhatIsMeasured() throws {
      var builder = GraphBuilder("values", seed: 4)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.batchNormalization(
        "bn", builder.convolution("a", x, inputs: 3, outputs: 4, kernel: 3, padding: 1), channels: 4)
      x = builder.multiply("swish", x, builder.node("sigmoid", .activation(.sigmoid), x))
      let b = builder.convolution("b", x, inputs: 4, outputs: 4, kernel: 3, padding: 1, bias: true)
      x = builder.node("pool", .globalAveragePool, builder.relu("relu", builder.add("sum", x, b)))
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 4, outputs: 4)
      let graph = TopologyZoo.randomized(
        try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]), seed: 2)
      let source = try TestNetworks.source(TestNetworks.images(32))
      let groups = try ChannelAnalysis(graph).groups
      let context = ScoringContext(
        module: try GraphModule(graph), data: source, seed: 1, calibration: Calibration(batches: 4, batchSize: 8))
      let layers = try #require(
        MeanActivationImportance().layerScores(of: groups, aggregation: nil, in: context)["a"])
      #expect(layers.map(\.layer) == ["a", "b"])
      #expect(layers.allSatisfy { $0.units == [0, 1, 2, 3] })
      var means: [String: [Float]] = [:]
      _ = try withInference {
        try context.module.forward(source.batch((0..<32).map { Int64($0) }).images, mode: .evaluation) { node, values in
          guard let value = values[node.outputs[0]], value.rank == 4, value.shape[1] == 4 else { return }
          means[node.name] = try value.to(.float64).abs().mean([0, 2, 3]).doubles.map { Float($0) }
        }
      }
      expectClose(layers[0].scores.map { Float($0) }, try #require(means["swish"]))
      expectClose(layers[1].scores.map { Float($0) }, try #require(means["b"]))
      // Together: the mean of both.
      let joined = try #require(MeanActivationImportance().channelScores(of: groups, in: context)["a"])
      expectClose(joined, zip(layers[0].scores, layers[1].scores).map { Float(($0 + $1) / 2) })
    }

    /// Rows of images as a sequence: a product with a weight, its bias and a rectifier; the units lie on the last axis.
    @Test func sequencesAreMeasuredOverTime() throws {
      var builder = GraphBuilder("rows", seed: 4)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.reshape("rows", x, [0, 24, 8])
      x = builder.relu("relu", builder.matrix("embed", x, inputs: 8, outputs: 6))
      x = builder.reduceMean("mean", x, axes: [1], keepsAxes: false)
      x = builder.linear("fc", x, inputs: 6, outputs: 4)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      // The first unit never fires, and the second one rarely.
      graph.weights["embed.bias"] = TensorData(shape: [6], floats: [-90, -1.3, 0, 0.5, -0.5, 1])
      let source = try TestNetworks.source(TestNetworks.images(32))
      var values: [Double] = []
      _ = try withInference {
        try GraphModule(graph).forward(source.batch((0..<32).map { Int64($0) }).images, mode: .evaluation) {
          node, seen in
          if node.name == "relu" { values = try #require(seen[node.outputs[0]]).to(.float64).contiguous().doubles }
        }
      }
      let table = (0..<6).map { unit in
        (0..<32).map { sample in (0..<24).map { values[(sample * 24 + $0) * 6 + unit] } }
      }
      let flat = table.map { $0.flatMap { $0 } }
      expectClose(
        try #require(scores(.meanActivation, graph, source)["embed"]), flat.map { Float($0.reduce(0, +) / 768) })
      expectClose(
        try #require(scores(.apoz, graph, source)["embed"]),
        flat.map { unit in Float(unit.count { $0 != 0 }) / 768 })
      // The rank of a T x 1 matrix.
      let ranks = table.map { unit in Float(unit.count { $0.contains { $0 != 0 } }) / 32 }
      #expect(ranks[0] == 0 && ranks[1] > 0 && ranks[1] < 1)
      expectClose(try #require(scores(.hrank, graph, source)["embed"]), ranks)
    }

    // MARK: Wanda's inputs

    /// Grouped, depthwise and transposed convolutions and recurrent layers, by plain loops over what they read.
    @Test func wandaReadsEachKernelsOwnInput() throws {
      var builder = GraphBuilder("kernels", seed: 6)
      var x = builder.input("input", [.symbolic("batch"), .fixed(4), .fixed(8), .fixed(8)])
      x = builder.convolution("grouped", x, inputs: 4, outputs: 6, kernel: 3, padding: 1, groups: 2)
      x = builder.convolution("depthwise", x, inputs: 6, outputs: 6, kernel: 3, padding: 1, groups: 6)
      x = builder.transposedConvolution("transposed", x, inputs: 6, outputs: 3, kernel: 2)
      x = builder.transpose("time", builder.reshape("sequence", x, [0, 27, 9]), [1, 0, 2])
      let lstm = builder.recurrent("lstm", x, .lstm, inputs: 9, hidden: 5)
      x = builder.squeeze("states", lstm.sequence, axes: [1])
      x = builder.linear("fc", builder.gather("last", x, at: 26, axis: 0), inputs: 5, outputs: 4)
      let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      let source = try TestNetworks.source(TestNetworks.images(16, channels: 4))
      let weights = graph.prunableWeights().map(\.weight)
      let module = try GraphModule(graph)
      let found = try ImportanceScoring.elementScores(
        .wanda, weights: weights, module: module, data: source, seed: 1,
        calibration: Calibration(batches: 2, batchSize: 8))
      #expect(weights.count == 6)

      var values: [String: (shape: [Int], numbers: [Double])] = [:]
      _ = try withInference {
        try module.forward(source.batch((0..<16).map { Int64($0) }).images, mode: .evaluation) { node, seen in
          for (name, tensor) in seen where graph.weights[name] == nil {
            values[name] = (tensor.shape, try tensor.to(.float64).contiguous().doubles)
          }
        }
      }
      /// Norms along one axis, by a loop over all numbers.
      func norms(_ value: String, _ axis: Int) throws -> [Double] {
        let (shape, numbers) = try #require(values[value])
        var sums = [Double](repeating: 0, count: shape[axis])
        let inner = shape[(axis + 1)...].reduce(1, *)
        for (place, number) in numbers.enumerated() { sums[place / inner % shape[axis]] += number * number }
        return sums.map { $0.squareRoot() }
      }
      func expect(_ weight: String, _ norm: (Int) -> Double) throws {
        let elements = try #require(graph.weights[weight]).floats
        let wanted = elements.enumerated().map { Float(abs(Double($1)) * norm($0)) }
        expectClose(try #require(found[weight]), wanted, weight)
      }
      let input = try norms("input", 1)
      try expect("grouped.weight") { input[$0 / 54 * 2 + $0 / 9 % 2] }
      let grouped = try norms("grouped_out", 1)
      try expect("depthwise.weight") { grouped[$0 / 9] }
      let depthwise = try norms("depthwise_out", 1)
      try expect("transposed.weight") { depthwise[$0 / 12] }
      let sequence = try norms("time_out", 2)
      try expect("lstm.W") { sequence[$0 % 9] }
      let states = try norms("lstm_out", 3)
      try expect("lstm.R") { states[$0 % 5] }
      let last = try norms("last_out", 1)
      try expect("fc.weight") { last[$0 % 5] }
    }

    // MARK: Pitfalls

    /// All batches count: four of them are one of all samples, and not the last one alone.
    @Test(arguments: criteria)
    func batchesAreAccumulated(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let source = try TestNetworks.source(TestNetworks.images(32))
      let parts = try scores(criterion, graph, source)
      let whole = try scores(criterion, graph, source, batches: 1, batchSize: 32)
      for (group, values) in whole { expectClose(try #require(parts[group]), values, within: 1e-4, group) }
      #expect(try scores(criterion, graph, source, batches: 1, batchSize: 8) != parts)
    }

    /// With statistics of another network all units look dead; measured anew, they are what they were.
    @Test func staleStatisticsHideUnits() throws {
      let source = try TestNetworks.source(TestNetworks.images(32))
      let graph = try TestNetworks.mixed()
      let groups = try ChannelAnalysis(graph).groups
      let fresh = try GraphModule(graph)
      let stale = try GraphModule(graph)
      try #require(stale.tensor(named: "bn1.running_mean")).fill_(1e3)
      func active(_ module: GraphModule) throws -> [Float] {
        try #require(
          ImportanceScoring.channelScores(.apoz, groups: groups, module: module, data: source, seed: 1)["conv1"])
      }
      let before = try active(stale)
      #expect(before == [Float](repeating: 0, count: 6))
      for module in [fresh, stale] {
        try Recalibration.run(module, on: source, batches: 4, batchSize: 8, seed: 1)
      }
      #expect(try active(stale) == active(fresh))
      #expect(try active(stale).allSatisfy { $0 > 0 })
    }

    /// Zero is not neutral: behind a sigmoid a unit of zeros is one half all the time, and speaks at every position.
    @Test func zeroIsNotNeutralBehindASigmoid() throws {
      var graph = try layers([[0, 0, 0, 0], [1, 0, 0, 0]])
      for index in graph.nodes.indices where graph.nodes[index].name == "relu" {
        graph.nodes[index].op = .activation(.sigmoid)
      }
      let source = try TestNetworks.source(TestNetworks.images(32, channels: 1, size: 2))
      #expect(try scores(.meanActivation, graph, source)["fc1"]?[0] == 0.5)
      #expect(try scores(.apoz, graph, source)["fc1"] == [1, 1])
      #expect(try scores(.entropy, graph, source)["fc1"]?[0] == 0)
    }
  }
}
