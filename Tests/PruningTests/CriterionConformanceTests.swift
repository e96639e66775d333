import ChannelGroups
import Datasets
import Foundation
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Support
import Testing
import Training

extension ComputeSuite {
  /// What `ImportanceCriterion` promises, for every criterion that exists.
  @Suite struct CriterionConformanceTests {
    /// Statistics that may be negative.
    private static let signed: Set<Criterion> = [
      .mean, .skewness, .grasp, .obd, .hessianTrace, .movement, .dropoutRates,
    ]
    /// Behind the hyperbolic tangent of "conv2" nothing is zero, and all maps have full rank.
    private static let coarse: Set<Criterion> = [.apoz, .hrank]

    @Test(arguments: Criterion.allCases)
    func keepsItsPromises(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let groups = try ChannelAnalysis(graph).groups
      // No multiple of the batch, so that seeds leave out other samples.
      let data = try TestNetworks.source(TestNetworks.images(50))
      #expect(ImportanceScoring.implementation(of: criterion).criterion == criterion)

      func score(_ seed: UInt64) throws -> [String: [Float]] {
        // Fewer samples than there are, so that the seed decides which.
        try ImportanceScoring.channelScores(
          criterion, groups: groups, module: module, data: data, seed: seed,
          calibration: Calibration(batches: 3, batchSize: 16))
      }
      try onOneThread {
        let scores = try score(1)
        #expect(Set(scores.keys) == Set(groups.map(\.name)))
        for group in groups {
          let values = try #require(scores[group.name])
          #expect(values.count == group.units.count)
          #expect(values.allSatisfy { $0.isFinite && ($0 >= 0 || Self.signed.contains(criterion)) })
          if group.name == "conv2", Self.coarse.contains(criterion) { continue }
          #expect(Set(values).count > 1, "'\(criterion.rawValue)' does not tell the units of \(group.name) apart")
        }
        #expect(try score(1) == scores)
        // Only chance, and the choice of calibration batches, depend on the seed.
        #expect(try (score(2) == scores) == (criterion != .random && !criterion.needsData))
      }
      #expect(try module.exportedGraph() == graph)
      #expect(module.parameters.allSatisfy { $0.tensor.grad == nil })
      #expect(try ImportanceScoring.channelScores(criterion, groups: [], module: module, data: data, seed: 1).isEmpty)
    }

    @Test(arguments: Criterion.allCases)
    func judgesElementsOrRefusesThem(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let data = try TestNetworks.source(TestNetworks.images(64))
      let weights = graph.prunableWeights().map(\.weight)
      func score() throws -> [String: [Float]] {
        try ImportanceScoring.elementScores(criterion, weights: weights, module: module, data: data, seed: 1)
      }
      if criterion.judgesElements {
        try onOneThread {
          let scores = try score()
          for weight in weights {
            #expect(scores[weight]?.count == graph.weights[weight]?.elementCount)
            #expect(
              scores[weight]?.allSatisfy { $0.isFinite && ($0 >= 0 || Self.signed.contains(criterion)) } == true)
          }
          #expect(try score() == scores)
        }
      } else {
        #expect { try score() } throws: { ($0 as? PruningError)?.code == .unsupportedCriterion }
      }
      #expect(try module.exportedGraph() == graph)
    }

    @Test(arguments: Criterion.allCases.filter(\.needsData))
    func missingDataIsAnError(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let groups = try ChannelAnalysis(graph).groups
      #expect {
        try ImportanceScoring.channelScores(
          criterion, groups: groups, module: GraphModule(graph), data: nil, seed: 1)
      } throws: { ($0 as? PruningError)?.code == .missingData }
    }

    @Test func scoresThatAreNotFiniteAreAnError() throws {
      var graph = try TestNetworks.mixed()
      var values = try #require(graph.weights["conv2.weight"]).floats
      values[7] = .infinity
      graph.weights["conv2.weight"] = TensorData(shape: [5, 6, 3, 3], floats: values)
      let groups = try ChannelAnalysis(graph).groups
      for criterion in [Criterion.l1, .l2] {
        #expect {
          try ImportanceScoring.channelScores(
            criterion, groups: groups, module: GraphModule(graph), data: nil, seed: 1)
        } throws: { ($0 as? PruningError)?.code == .invalidScores }
      }
    }

    // MARK: Pitfalls

    /// All calibration batches count, the first as the last: other images in any one of them give other scores.
    @Test(arguments: Criterion.allCases.filter(\.needsData))
    func everyBatchCounts(criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let groups = try ChannelAnalysis(graph).groups.filter { $0.name == "conv1" }
      let images = try TestNetworks.images(48)
      let pixels = images.imageShape.reduce(1, *)
      func scores(_ dataset: ImageDataset) throws -> [Float] {
        try #require(
          ImportanceScoring.channelScores(
            criterion, groups: groups, module: GraphModule(graph), data: TestNetworks.source(dataset), seed: 5,
            calibration: Calibration(batches: 3, batchSize: 16))["conv1"])
      }
      try onOneThread {
        let whole = try scores(images)
        var order = SampleOrder(
          count: 48, batchSize: 16, seed: SeededGenerator.derivedSeed(5, stream: "calibration"))
        for batch in 0..<3 {
          var bytes = [UInt8](images.images)
          for sample in order.next() {
            for pixel in 0..<pixels { bytes[Int(sample) * pixels + pixel] = 0 }
          }
          let changed = try ImageDataset(
            name: "changed", channels: 3, height: 8, width: 8, classCount: 4, images: Data(bytes), labels: images.labels
          )
          #expect(try scores(changed) != whole, "batch \(batch)")
        }
      }
    }

    /// Weights far from one are ranked as their multiples near one are: no square overflows or vanishes.
    @Test(arguments: [Criterion.l1, .l2, .linf, .lamp, .fpgm], [Float(1e25), 1e-25])
    func scaleDoesNotScrambleTheRanking(criterion: Criterion, factor: Float) throws {
      func ranking(_ factor: Float) throws -> [String: [Int]] {
        var graph = try TestNetworks.mixed()
        for weight in graph.prunableWeights() {
          let tensor = try #require(graph.weights[weight.weight])
          graph.weights[weight.weight] = TensorData(shape: tensor.shape, floats: tensor.floats.map { $0 * factor })
        }
        return try ImportanceScoring.channelScores(
          criterion, groups: ChannelAnalysis(graph).groups, module: GraphModule(graph), data: nil, seed: 1
        ).mapValues { scores in scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) } }
      }
      #expect(try ranking(factor) == ranking(1))
    }

    /// Weights held in half precision, whose sums are too large for it, or whose squares are too small.
    @Test(arguments: [[20, 30, 40], [0x1p-14, 0x1.8p-14, 0x1.004p-14]] as [[Float16]])
    func halfPrecisionIsSummedInDouble(values: [Float16]) throws {
      var builder = GraphBuilder("half", seed: 1)
      var x = builder.input("input", [.symbolic("batch"), .fixed(4096)])
      x = builder.relu("relu", builder.linear("fc1", x, inputs: 4096, outputs: 3, bias: false))
      x = builder.linear("fc2", x, inputs: 3, outputs: 2)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
      let rows = values.flatMap { Array(repeating: $0, count: 4096) }
      graph.weights["fc1.weight"] = try TensorData(
        .float16, shape: [3, 4096], bytes: rows.withUnsafeBufferPointer { Data(buffer: $0) })
      for (criterion, factor) in [(Criterion.l1, Float(4096)), (.l2, 64)] {
        let scores = try ImportanceScoring.channelScores(
          criterion, groups: ChannelAnalysis(graph).groups, module: GraphModule(graph), data: nil, seed: 1)
        #expect(scores["fc1"] == values.map { factor * Float($0) }, "\(criterion.rawValue)")
      }
    }
  }
}
