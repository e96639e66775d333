/// The first four moments of some numbers, in two passes.
///
/// The variance is that of a population, m2 = sum (x - mean)^2 / n. Skewness is m3 / m2^1.5 and kurtosis Pearson's, m4 / m2^2, which
/// is 3 for a normal distribution; where all numbers are equal they are 0 and 3. No numbers have the moments of a single 0. This is
/// the only convention: criteria, tables and JSON hold no excess kurtosis (m4 / m2^2 - 3) and none corrected for small samples.
package struct Moments: Hashable, Sendable, Codable {
  package var mean: Double
  package var variance: Double
  package var skewness: Double
  package var kurtosis: Double

  package init(_ values: some Collection<Double>) {
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0, +) / count
    var (second, third, fourth) = (0.0, 0.0, 0.0)
    for value in values {
      let difference = value - mean
      let square = difference * difference
      second += square
      third += square * difference
      fourth += square * square
    }
    let variance = second / count
    self.mean = mean
    self.variance = variance
    // Squares of tiny numbers may vanish, which leaves nothing to divide by.
    let isSpread = variance * variance > 0
    skewness = isSpread ? third / count / (variance * variance.squareRoot()) : 0
    kurtosis = isSpread ? fourth / count / (variance * variance) : 3
  }

  package var deviation: Double { variance.squareRoot() }

  /// |skewness| above 1 or kurtosis above 6. Both bounds are rules of thumb; the kurtosis of a Laplace distribution is just
  /// at the second one.
  package var isFarFromNormal: Bool { abs(skewness) > 1 || kurtosis > 6 }
}
