import GraphRuntime
import ModelFormats
import ModelGraph
import Profiling
import StudyModel
import Support
import Tensors
import Testing

struct BlockBootstrapTests {
  @Test func medians() {
    #expect(BlockBootstrap.median(of: [3, 1, 2]) == 2)
    #expect(BlockBootstrap.median(of: [4, 1, 2, 3]) == 2.5)
    #expect(BlockBootstrap.median(of: []).isNaN)
  }

  /// The interval must hold the true median about 95 times in 100: 200 normal samples of 100, and of an autoregressive
  /// sequence, for which blocks are there.
  @Test(arguments: [0.0, 0.5])
  func coverage(correlation: Double) {
    var generator = SeededGenerator(seed: 2, stream: "coverage")
    var covered = 0
    for trial in 0..<200 {
      var previous = 0.0
      let values = (0..<120).map { _ -> Double in
        let normal = (0..<12).reduce(0.0) { sum, _ in sum + generator.uniform() } - 6
        previous = correlation * previous + (1 - correlation * correlation).squareRoot() * normal
        return 10 + previous
      }
      if BlockBootstrap.medianInterval(of: values, resamples: 200, seed: UInt64(trial)).contains(10) { covered += 1 }
    }
    #expect(covered >= (correlation == 0 ? 175 : 160))
    #expect(covered < 200)
  }

  @Test func constantsHaveNoSpread() {
    #expect(BlockBootstrap.medianInterval(of: [5], seed: 1) == 5...5)
    #expect(BlockBootstrap.medianInterval(of: Array(repeating: 2, count: 50), seed: 1) == 2...2)
    #expect(BlockBootstrap.relativeSpread(of: Array(repeating: 2, count: 50)) == 0)
    #expect(BlockBootstrap.relativeSpread(of: [1, 2]) == .infinity)
  }

  @Test func seedsDecide() {
    let values = (0..<60).map { Double(($0 * 37) % 61) }
    #expect(
      BlockBootstrap.medianInterval(of: values, seed: 1) == BlockBootstrap.medianInterval(of: values, seed: 1))
  }
}

struct DeviceClassTests {
  @Test func readsTheKernelsText() {
    let intel =
      "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R) Gold 6430\n\nprocessor\t: 1\nmodel name\t: other\n"
    #expect(DeviceClass.name(fromCPUInfo: intel) == "Intel(R) Xeon(R) Gold 6430 (family 6, model 143)")
    let arm = "processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
    #expect(DeviceClass.name(fromCPUInfo: arm)?.hasSuffix("(implementer 0x41, part 0xd0c)") == true)
    #expect(DeviceClass.name(fromCPUInfo: "") == nil)
    #expect(!DeviceClass.current().isEmpty)
  }
}

struct NetworkFactsTests {
  @Test func factsAreCounted() throws {
    let graph = try TestNetworks.golden()
    let facts = try NetworkFacts(of: graph)
    #expect(facts.parameters == 36 + 8 + 320 + 5)
    #expect(facts.macs == 4 * 64 * 9 + 320)
    #expect(facts.nonzeroParameters == facts.parameters - 4)
    #expect(facts.sizeBytes == (try ONNXFile.encode(graph).count))
    #expect(facts.sizeBytes > 4 * (facts.parameters + 8))
  }

  /// What we note of a network's making says nothing of the network; what others noted in it stays in its file.
  @Test func sizeDoesNotDependOnOurNotes() throws {
    var graph = try TestNetworks.golden()
    graph.metadata["author"] = String(repeating: "a", count: 100)
    let size = try NetworkFacts(of: graph).sizeBytes
    #expect(size == (try ONNXFile.encode(graph).count))
    graph.metadata["coppice.plan"] = String(repeating: "p", count: 1000)
    #expect(try NetworkFacts(of: graph).sizeBytes == size)
    #expect(try ONNXFile.encode(graph).count > size + 1000)
  }
}

extension ComputeSuite {
  @Suite struct LatencyProfilerTests {
    private func convolution(_ width: Int, size: Int = 16) throws -> GraphModule {
      var builder = GraphBuilder("wide\(width)", seed: 1)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(size), .fixed(size)])
      x = builder.convolution("a", x, inputs: 3, outputs: width, kernel: 3, padding: 1)
      x = builder.convolution("b", x, inputs: width, outputs: width, kernel: 3, padding: 1)
      x = builder.node("flatten", .flatten(axis: 1), builder.node("pool", .globalAveragePool, x))
      x = builder.linear("fc", x, inputs: width, outputs: 4)
      return try GraphModule(builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]))
    }

    /// Interleaving makes the ratio of a network to itself one, whatever else the machine does. The margin is wide; what is
    /// tested is that nothing systematic (order, cold caches, warm-up) favours one side.
    @Test func aNetworkIsAsFastAsItself() throws {
      let (dense, same) = (try convolution(32), try convolution(32))
      let effort = LatencyProfiler.Effort(seconds: 0.3, minimumPairs: 60, targetSpread: 0)
      let latency = try LatencyProfiler.measure(
        dense: dense, pruned: same, spec: LatencySpec(), seed: 1, effort: effort)
      #expect((0.85...1.15).contains(latency.ratio))
      #expect(latency.ratioLow <= latency.ratio && latency.ratio <= latency.ratioHigh)
      #expect(latency.ratioLow < 1.15 && latency.ratioHigh > 0.85)
      #expect(latency.repetitions >= 60)
      #expect(latency.batch == 1 && latency.threads == 1 && latency.runtime == "libtorch")
      #expect(latency.deviceClass == DeviceClass.current())
    }

    @Test func sixtyFourTimesLessWorkIsFaster() throws {
      let latency = try LatencyProfiler.measure(
        dense: convolution(64, size: 32), pruned: convolution(8, size: 32), spec: LatencySpec(batch: 4), seed: 1,
        effort: LatencyProfiler.Effort(seconds: 0.3))
      #expect(latency.ratioHigh < 0.9)
      #expect(latency.seconds < latency.denseSeconds)
      #expect(latency.batch == 4)
    }

    @Test func theBaselineIsOne() throws {
      let latency = try LatencyProfiler.measure(convolution(8), spec: LatencySpec(), seed: 1)
      #expect(latency.ratio == 1 && latency.ratioLow == 1 && latency.ratioHigh == 1)
      #expect(latency.seconds == latency.denseSeconds && latency.seconds > 0)
    }

    /// Five pairs at least, and as many as take 50 ms, but no more than 200.
    @Test func warmsUpOnTheThreadsThatWereAskedFor() throws {
      func pairs(taking seconds: Double) throws -> Int {
        var count = 0
        _ = try LatencyProfiler.warmUp {
          count += 1
          return (seconds / 2, seconds / 2)
        }
        return count
      }
      #expect(try [1, 0.006, 0].map(pairs(taking:)) == [5, 9, 200])
      for threads in [1, 2, 3] {
        #expect(
          try LatencyProfiler.withThreads(LatencySpec(threads: threads)) { TorchRuntime.threadCount } == threads)
      }
    }

    @Test func theThreadCountIsSetBackAndBadSettingsAreRefused() throws {
      let module = try convolution(8)
      let before = TorchRuntime.threadCount
      let effort = LatencyProfiler.Effort(seconds: 0.01, minimumPairs: 2)
      _ = try LatencyProfiler.measure(module, spec: LatencySpec(threads: before + 1), seed: 1, effort: effort)
      #expect(TorchRuntime.threadCount == before)
      for spec in [LatencySpec(batch: 0), LatencySpec(threads: 0), LatencySpec(runtime: "abacus")] {
        #expect { try LatencyProfiler.measure(module, spec: spec, seed: 1) } throws: {
          ($0 as? ProfilingError)?.code == .invalidSettings
        }
      }
      #expect {
        try LatencyProfiler.measure(dense: module, pruned: convolution(8, size: 8), spec: LatencySpec(), seed: 1)
      } throws: { ($0 as? ProfilingError)?.code == .incomparable }
      #expect(TorchRuntime.threadCount == before)
    }
  }
}
