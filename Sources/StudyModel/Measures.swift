import Foundation

/// What one evaluation measured.
package struct Measures: Hashable, Sendable, Codable {
  /// On the validation split (or the sealed one, where the evaluation's purpose says so).
  package var accuracy: Proportion
  /// Mean cross-entropy on the same samples, in nats.
  package var loss: Double
  package var parameters: Int
  package var nonzeroParameters: Int
  /// Multiply-accumulates of one sample.
  package var macs: Int
  /// Bytes of the exported ONNX file.
  package var sizeBytes: Int
  package var latency: Latency?

  package init(
    accuracy: Proportion, loss: Double, parameters: Int, nonzeroParameters: Int, macs: Int, sizeBytes: Int,
    latency: Latency?
  ) {
    self.accuracy = accuracy
    self.loss = loss
    self.parameters = parameters
    self.nonzeroParameters = nonzeroParameters
    self.macs = macs
    self.sizeBytes = sizeBytes
    self.latency = latency
  }
}

/// A share that was counted.
package struct Proportion: Hashable, Sendable, Codable {
  package var successes: Int
  package var total: Int

  package init(successes: Int, total: Int) {
    self.successes = successes
    self.total = total
  }

  package var share: Double { total == 0 ? 0 : Double(successes) / Double(total) }

  /// Wilson's score interval (1927) at 95% confidence.
  package var interval: ClosedRange<Double> {
    guard total > 0 else { return 0...1 }
    let z = 1.959963984540054
    let n = Double(total)
    let centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, centre - half)...min(1, centre + half)
  }
}

/// A latency, measured interleaved with the dense network's on the same worker.
package struct Latency: Hashable, Sendable, Codable {
  /// One forward pass, in seconds: `ratio` times `denseSeconds`.
  package var seconds: Double
  /// The median of one forward pass of the dense network, in seconds.
  package var denseSeconds: Double
  /// The median of the pairwise ratios pruned / dense, with a block-bootstrap interval at 95%.
  package var ratio: Double
  package var ratioLow: Double
  package var ratioHigh: Double
  package var repetitions: Int
  package var batch: Int
  package var threads: Int
  package var runtime: String
  /// The processor's model: latencies of different classes are not compared.
  package var deviceClass: String

  package init(
    seconds: Double, denseSeconds: Double, ratio: Double, ratioLow: Double, ratioHigh: Double, repetitions: Int,
    batch: Int, threads: Int, runtime: String, deviceClass: String
  ) {
    self.seconds = seconds
    self.denseSeconds = denseSeconds
    self.ratio = ratio
    self.ratioLow = ratioLow
    self.ratioHigh = ratioHigh
    self.repetitions = repetitions
    self.batch = batch
    self.threads = threads
    self.runtime = runtime
    self.deviceClass = deviceClass
  }
}
