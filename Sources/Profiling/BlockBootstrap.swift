import Support

/// Confidence in a median of measurements that follow each other in time.
package enum BlockBootstrap {
  /// The 95% interval of the median by the circular block bootstrap (Politis and Romano 1992), percentile method.
  ///
  /// Neighbours in time are alike (clock changes, other processes), so whole blocks of about the cube root of the count
  /// are drawn instead of single values. Cost is `resamples` sorts.
  package static func medianInterval(of values: [Double], resamples: Int = 400, seed: UInt64) -> ClosedRange<Double> {
    precondition(!values.isEmpty && resamples > 0, "an interval of no values")
    let count = values.count
    let block = cubeRoot(count)
    var generator = SeededGenerator(seed: seed, stream: "block-bootstrap")
    var medians: [Double] = []
    medians.reserveCapacity(resamples)
    var sample: [Double] = []
    sample.reserveCapacity(count + block)
    for _ in 0..<resamples {
      sample.removeAll(keepingCapacity: true)
      while sample.count < count {
        let start = generator.integer(below: count)
        for offset in 0..<min(block, count - sample.count) {
          let position = start + offset
          sample.append(values[position < count ? position : position - count])
        }
      }
      medians.append(median(of: sample))
    }
    medians.sort()
    let low = medians[Int(0.025 * Double(resamples - 1))]
    let high = medians[Int((0.975 * Double(resamples - 1)).rounded(.up))]
    return low...high
  }

  /// The middle value, or the mean of the two in the middle; NaN of nothing.
  package static func median(of values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let half = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  }

  /// How far the median's order-statistics interval at about 95% reaches, relative to the median: cheap enough to be asked
  /// while measuring.
  package static func relativeSpread(of values: [Double]) -> Double {
    guard values.count >= 8 else { return .infinity }
    let sorted = values.sorted()
    let half = 0.98 * Double(values.count).squareRoot()
    let middle = Double(values.count - 1) / 2
    let low = sorted[max(0, Int((middle - half).rounded(.down)))]
    let high = sorted[min(values.count - 1, Int((middle + half).rounded(.up)))]
    return (high - low) / median(of: sorted)
  }

  /// The smallest whole number whose cube reaches `count`.
  private static func cubeRoot(_ count: Int) -> Int {
    var root = 1
    while root * root * root < count { root += 1 }
    return root
  }
}
