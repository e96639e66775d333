import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import Testing
import Training

extension ComputeSuite {
  /// Whoever waits for scores hears of every batch and every layer, and can end the scoring at each. Work is counted in calls of
  /// libtorch, so that no clock has a part in it.
  @Suite struct ScoringProgressTests {
    private struct Stop: Error {}

    /// Counts reports and the work between them, and throws at one of them.
    private final class Meter {
      private(set) var shares: [Double] = []
      private(set) var longest: UInt64 = 0
      private var last = TorchRuntime.callCount
      private let stop: Int?

      init(stopAt stop: Int? = nil) { self.stop = stop }

      var progress: WorkProgress {
        WorkProgress { [self] share in
          note()
          shares.append(share)
          if shares.count == stop { throw Stop() }
        }
      }

      func note() {
        longest = max(longest, TorchRuntime.callCount - last)
        last = TorchRuntime.callCount
      }
    }

    private static let calibration = Calibration(batches: 3, batchSize: 8)

    /// Calls of one batch's way through the network and back.
    private func callsOfOneBatch(_ module: GraphModule, _ data: BatchSource) throws -> UInt64 {
      let context = ScoringContext(
        module: module, data: data, seed: 1, calibration: Calibration(batches: 1, batchSize: 8))
      let before = TorchRuntime.callCount
      try context.forEachGradient {}
      return TorchRuntime.callCount - before
    }

    /// Runs `body` with meters: reports come at least once a batch and layer, the share rises to the end, and a receiver that
    /// throws at any report hears no other.
    private func expectSteadyReports(
      _ name: String, layers: Int, needsData: Bool, bound: UInt64, _ body: (WorkProgress) throws -> Void
    ) throws {
      let meter = Meter()
      try body(meter.progress)
      meter.note()
      let count = meter.shares.count
      let least = needsData ? max(layers, Self.calibration.batches) : 1
      #expect(count >= least, "\(name): \(count) reports")
      // Two batches: some criteria go there and back twice for each of theirs.
      #expect(meter.longest <= 2 * bound, "\(name): \(meter.longest) calls without a report; a batch takes \(bound)")
      #expect(zip(meter.shares, meter.shares.dropFirst()).allSatisfy { $0 <= $1 }, "\(name): \(meter.shares)")
      if needsData {
        #expect(Set(meter.shares).count >= Self.calibration.batches, "\(name): \(Set(meter.shares).sorted())")
        #expect((meter.shares.last ?? 0) > 0.99, "\(name): \(meter.shares)")
      }
      for stop in Set([1, count / 3, count * 2 / 3, count]) where stop > 0 {
        let stopping = Meter(stopAt: stop)
        #expect(throws: Stop.self, "\(name), report \(stop) of \(count)") { try body(stopping.progress) }
        #expect(stopping.shares.count == stop, "\(name) went on after report \(stop) of \(count)")
      }
    }

    @Test(arguments: Criterion.allCases) func everyCriterionReportsAndStops(_ criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let data = try TestNetworks.source(TestNetworks.images(64))
      let groups = try ChannelAnalysis(graph).groups
      let weights = graph.prunableWeights().map(\.weight)
      let batch = try callsOfOneBatch(module, data)
      try expectSteadyReports(
        "\(criterion.rawValue) of channels", layers: groups.count, needsData: criterion.needsData, bound: batch
      ) {
        _ = try ImportanceScoring.channelScores(
          criterion, groups: groups, module: module, data: data, seed: 1, calibration: Self.calibration, progress: $0)
      }
      guard criterion.judgesElements else { return }
      try expectSteadyReports(
        "\(criterion.rawValue) of elements", layers: weights.count, needsData: criterion.needsData, bound: batch
      ) {
        _ = try ImportanceScoring.elementScores(
          criterion, weights: weights, module: module, data: data, seed: 1, calibration: Self.calibration, progress: $0)
      }
      // Stopping leaves the network as it was.
      #expect(try module.exportedGraph() == graph)
    }

    @Test(arguments: Criterion.allCases.filter(\.updatesWeights))
    func compensationReportsAndStops(_ criterion: Criterion) throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let data = try TestNetworks.source(TestNetworks.images(64))
      let batch = try callsOfOneBatch(module, data)
      var masks: [String: [Bool]] = [:]
      for weight in graph.prunableWeights() { masks[weight.weight] = (0..<weight.count).map { $0 % 3 > 0 } }
      try expectSteadyReports(criterion.rawValue, layers: masks.count, needsData: true, bound: batch) { progress in
        let compensation = try #require(
          WeightCompensation(
            criterion, module: module, data: data, seed: 1, calibration: Self.calibration, progress: progress))
        _ = try compensation.updated(graph, masks: masks)
      }
    }

    @Test func redundancyReportsAndStops() throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let data = try TestNetworks.source(TestNetworks.images(64))
      let analysis = try ChannelAnalysis(graph)
      let batch = try callsOfOneBatch(module, data)
      try expectSteadyReports("redundancy", layers: analysis.groups.count, needsData: true, bound: batch) {
        _ = try RedundantUnits(
          module, analysis: analysis, data: data, seed: 1, calibration: Self.calibration, progress: $0)
      }
    }

    @Test func statisticsReportAndStop() throws {
      let graph = try TestNetworks.mixed()
      let data = try TestNetworks.source(TestNetworks.images(64))
      let module = try GraphModule(graph)
      let batch = try callsOfOneBatch(module, data)
      try expectSteadyReports("recalibration", layers: 1, needsData: true, bound: batch) {
        try Recalibration.run(module, on: data, batches: 3, batchSize: 8, seed: 1, progress: $0)
      }
      try expectSteadyReports("channel statistics", layers: 1, needsData: true, bound: batch) {
        _ = try ChannelStatistics.measure(
          module, of: ["conv1", "conv2"], on: data, batches: 3, batchSize: 8, seed: 1, progress: $0)
      }
    }
  }
}
