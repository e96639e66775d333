import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Tensors

/// The time of one forward pass, with libtorch in this process.
///
/// Dense and pruned passes alternate on one thread count, so that a clock that changes or a neighbour that works hits both;
/// what is reported is the median of the ratios of neighbours in time, with its interval, next to the two medians.
package enum LatencyProfiler {
  /// The name under which `LatencySpec` asks for this profiler.
  package static let runtime = "libtorch"

  /// How long a measurement may take.
  package struct Effort: Sendable, Hashable {
    /// Seconds for measuring, after the warm-up.
    package var seconds: Double
    package var minimumPairs: Int
    package var maximumPairs: Int
    /// Ends early once the ratio's spread (order statistics, 95%) is this small, relative to it.
    package var targetSpread: Double

    package init(
      seconds: Double = 0.8, minimumPairs: Int = 30, maximumPairs: Int = 400, targetSpread: Double = 0.01
    ) {
      self.seconds = seconds
      self.minimumPairs = minimumPairs
      self.maximumPairs = maximumPairs
      self.targetSpread = targetSpread
    }

    /// How much of the effort so many pairs in so many seconds are.
    func share(pairs: Int, seconds elapsed: Double) -> Double {
      let byPairs = Double(pairs) / Double(max(maximumPairs, 1))
      let byTime = min(elapsed / max(seconds, 1e-9), Double(pairs) / Double(max(minimumPairs, 1)))
      return max(byPairs, byTime)
    }
  }

  /// Measures `pruned` against `dense` on inputs of normal random numbers, both in evaluation mode without gradients.
  ///
  /// A few passes of each warm up. In every pair chance decides which network goes first. A sample is one pass, or as many as
  /// take 0.2 ms, where the clock would be too coarse for one. At least `minimumPairs` are measured even when that takes
  /// longer than the effort's seconds. The thread count is set back at the end. Throws `ProfilingError`.
  package static func measure(
    dense: GraphModule, pruned: GraphModule, spec: LatencySpec, seed: UInt64, effort: Effort = Effort(),
    progress: WorkProgress = .unwatched
  ) throws -> Latency {
    guard dense.graph.inputs == pruned.graph.inputs, dense.device == pruned.device else {
      throw ProfilingError(
        .incomparable,
        "\(dense.graph.name) on \(dense.device) and \(pruned.graph.name) on \(pruned.device) read different inputs.",
        remedy: "Compare a network with one that was pruned from it, on one device.")
    }
    return try withThreads(spec) {
      let inputs = try inputs(of: dense.graph, batch: spec.batch, seed: seed, device: dense.device)
      let clock = ContinuousClock()
      func time(_ module: GraphModule, passes: Int) throws -> Double {
        try withInference {
          let start = clock.now
          for _ in 0..<passes { _ = try module.forward(inputs, mode: .evaluation) }
          try TorchRuntime.synchronize(module.device)
          let elapsed = (clock.now - start).components
          return (Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18) / Double(passes)
        }
      }
      var generator = SeededGenerator(seed: seed, stream: "latency-order")
      let single = try warmUp {
        try progress.report()
        return (try time(dense, passes: 1), try time(pruned, passes: 1))
      }
      let passes = max(1, Int((coarsestSample / max(min(single.0, single.1), 1e-9)).rounded(.up)))
      var times: [(dense: Double, pruned: Double)] = []
      var ratios: [Double] = []
      let start = clock.now
      while times.count < effort.maximumPairs {
        let components = (clock.now - start).components
        let elapsed = Double(components.seconds) + Double(components.attoseconds) * 1e-18
        // Between two pairs, where nothing is timed.
        try progress.report(effort.share(pairs: times.count, seconds: elapsed))
        if times.count >= effort.minimumPairs {
          if elapsed >= effort.seconds { break }
          if times.count % 10 == 0, BlockBootstrap.relativeSpread(of: ratios) <= effort.targetSpread { break }
        }
        let pair: (dense: Double, pruned: Double)
        if generator.next() & 1 == 0 {
          let first = try time(dense, passes: passes)
          pair = (first, try time(pruned, passes: passes))
        } else {
          let first = try time(pruned, passes: passes)
          pair = (try time(dense, passes: passes), first)
        }
        times.append(pair)
        ratios.append(pair.pruned / pair.dense)
      }
      let interval = BlockBootstrap.medianInterval(of: ratios, seed: seed)
      let denseSeconds = BlockBootstrap.median(of: times.map(\.dense))
      let ratio = BlockBootstrap.median(of: ratios)
      // Not the median of its own times: that and the median of the ratios can contradict each other.
      return Latency(
        seconds: ratio * denseSeconds, denseSeconds: denseSeconds, ratio: ratio, ratioLow: interval.lowerBound,
        ratioHigh: interval.upperBound, repetitions: times.count, batch: spec.batch, threads: spec.threads,
        runtime: runtime, deviceClass: deviceClass(dense.device))
    }
  }

  /// Measures one network: the baseline's latency, of which the ratio to itself is 1 by definition.
  package static func measure(
    _ module: GraphModule, spec: LatencySpec, seed: UInt64, effort: Effort = Effort(),
    progress: WorkProgress = .unwatched
  ) throws -> Latency {
    // The network against itself: the same protocol, so that the seconds compare with a trial's.
    var latency = try measure(
      dense: module, pruned: module, spec: spec, seed: seed, effort: effort, progress: progress)
    let seconds = BlockBootstrap.median(of: [latency.seconds, latency.denseSeconds])
    (latency.seconds, latency.denseSeconds) = (seconds, seconds)
    (latency.ratio, latency.ratioLow, latency.ratioHigh) = (1, 1, 1)
    return latency
  }

  /// Samples shorter than this are made of several passes.
  private static let coarsestSample = 2e-4

  /// Runs pairs until 5 are done and 50 ms have gone, at most 200; gives the last.
  package static func warmUp(_ pair: () throws -> (Double, Double)) throws -> (Double, Double) {
    var total = 0.0
    var last = (0.0, 0.0)
    for count in 1...200 {
      last = try pair()
      total += last.0 + last.1
      if count >= 5, total >= 0.05 { break }
    }
    return last
  }

  /// Runs `body` on the threads that the spec asks for, and sets the count back. Throws `ProfilingError` for a spec that cannot be.
  package static func withThreads<Result>(_ spec: LatencySpec, _ body: () throws -> Result) throws -> Result {
    guard spec.runtime == runtime else {
      throw ProfilingError(
        .invalidSettings, "Latency cannot be measured with the runtime '\(spec.runtime)' yet.",
        remedy: "Set latency.runtime to \(runtime).")
    }
    guard spec.threads > 0, spec.batch > 0 else {
      throw ProfilingError(
        .invalidSettings, "Latency cannot be measured on \(spec.threads) threads with batches of \(spec.batch).",
        remedy: "Set latency.threads and latency.batch to 1 or more.")
    }
    let previous = TorchRuntime.threadCount
    try TorchRuntime.setThreadCount(spec.threads)
    let result = Swift.Result(catching: body)
    try TorchRuntime.setThreadCount(previous)
    return try result.get()
  }

  /// Normal random numbers of each input's shape; symbolic axes get the batch.
  private static func inputs(
    of graph: Graph, batch: Int, seed: UInt64, device: Device
  ) throws -> [String: Tensor] {
    let generator = try TorchGenerator(seed: SeededGenerator.derivedSeed(seed, stream: "latency-input"), device: device)
    var inputs: [String: Tensor] = [:]
    for info in graph.inputs {
      guard info.elementType == .float32 else {
        throw ProfilingError(
          .incomparable, "The input '\(info.name)' of \(graph.name) holds \(info.elementType.rawValue), not float32.")
      }
      let shape = info.shape.map { dimension in
        switch dimension {
        case .fixed(let size): size
        case .symbolic: batch
        }
      }
      inputs[info.name] = try generator.normal(shape)
    }
    return inputs
  }

  private static func deviceClass(_ device: Device) -> String {
    switch device {
    case .cpu: DeviceClass.current()
    case .cuda: "cuda"
    }
  }
}
