import Foundation
import ModelGraph
import Selection
import StudyModel
import Support
import Testing

/// Moments, transforms and histograms by hand, and against known distributions.
@Suite struct WeightDistributionTests {
  @Test func momentsByHand() {
    // Deviations of 1, 2, 3, 4 are -1.5, -0.5, 0.5, 1.5: m2 = 1.25, m4 = 2.5625.
    let even = Moments([1, 2, 3, 4])
    #expect(even.mean == 2.5 && even.variance == 1.25 && even.skewness == 0)
    #expect(abs(even.kurtosis - 1.64) < 1e-12)
    // One of four: m2 = 3/16, m3 = 3/32, m4 = 21/256.
    let one = Moments([0, 0, 0, 1])
    #expect(abs(one.skewness - 3.0 / 32 / pow(3.0 / 16, 1.5)) < 1e-12)
    #expect(abs(one.kurtosis - 21.0 / 256 / (9.0 / 256)) < 1e-12)
    #expect(one.isFarFromNormal && !even.isFarFromNormal)
    for same in [Moments([7, 7]), Moments([]), Moments([0])] {
      #expect(same.variance == 0 && same.skewness == 0 && same.kurtosis == 3 && !same.isFarFromNormal)
    }
  }

  /// By SciPy 1.17.1: `stats.skew(v)` and `stats.kurtosis(v, fisher=False)`, NumPy's `v.mean()` and `v.var()`.
  @Test(
    arguments: [
      (
        [-1.5, 0.25, 0.25, 3.0, -0.75, 8.5, 0.0], 1.3928571428571428, 10.08673469387755, 1.4421994583015068,
        3.7298402416868353
      ),
      ([0.1, 0.2, 0.4, 0.8, 1.6, 3.2], 1.05, 1.1725000000000003, 1.0952208831357404, 2.785698373802629),
      ([2, -2, 2, -2], 0, 4, 0, 1),
    ] as [([Double], Double, Double, Double, Double)])
  func momentsAreThoseOfSciPy(values: [Double], mean: Double, variance: Double, skewness: Double, kurtosis: Double) {
    let moments = Moments(values)
    #expect(abs(moments.mean - mean) < 1e-12 && abs(moments.variance - variance) < 1e-12)
    #expect(abs(moments.skewness - skewness) < 1e-12 && abs(moments.kurtosis - kurtosis) < 1e-12)
    let distribution = WeightDistribution(values)
    #expect(distribution.moments == moments)
  }

  @Test func normalNumbersAreNearNormalAndHeavyTailsAreFar() {
    var generator = SeededGenerator(seed: 1, stream: "normal")
    let normal = (0..<20000).map { _ in
      (-2 * log(1 - generator.uniform())).squareRoot() * cos(2 * .pi * generator.uniform())
    }
    let distribution = WeightDistribution(normal)
    #expect(!distribution.isFarFromNormal && abs(distribution.moments.kurtosis - 3) < 0.2)
    // The share within one deviation is 68.3 %: the four bins around the mean.
    let inner = distribution.histogram.counts[6..<10].reduce(0, +)
    #expect(abs(Double(inner) / 20000 - 0.6827) < 0.01)
    #expect(WeightDistribution(normal.map { $0 * $0 * $0 }).isFarFromNormal)
    #expect(WeightDistribution(normal.map { exp($0) }).isFarFromNormal)
  }

  @Test func transformsFollowTheirFormulas() {
    let values = [-3.0, 0, 1, 2]
    let layer = Moments(values)
    let log = StatisticTransform.log.applied(to: values, in: layer)
    let standard = StatisticTransform.standardize.applied(to: values, in: layer)
    for (index, value) in values.enumerated() {
      let expected = (value < 0 ? -1.0 : 1) * Foundation.log(1 + abs(value) / layer.deviation)
      #expect(abs(log[index] - expected) < 1e-12)
      #expect(abs(standard[index] - (value - layer.mean) / layer.deviation) < 1e-12)
    }
    #expect(StatisticTransform.none.applied(to: values, in: layer) == values)
    #expect(StatisticTransform.standardize.applied(to: [4, 4], in: Moments([4, 4])) == [0, 0])
    let changed = WeightDistribution(values, transform: .standardize)
    #expect(abs(changed.moments.mean) < 1e-12 && abs(changed.moments.variance - 1) < 1e-12 && changed.zeros == 1)
    // A log pulls tails in.
    let tails = (0..<2000).map { pow(1.01, Double($0 % 1000)) * ($0 < 1000 ? 1 : -1) }
    #expect(
      WeightDistribution(tails, transform: .log).moments.kurtosis < WeightDistribution(tails).moments.kurtosis)
  }

  @Test func histogramsHoldEverythingOnce() {
    let distribution = WeightDistribution([-100, -1, 0, 0, 1, 2, 100])
    #expect(distribution.histogram.counts.count == Histogram.binCount)
    #expect(distribution.histogram.counts.reduce(0, +) == 7)
    #expect(distribution.sparsity == 2.0 / 7)
    #expect(WeightDistribution([5, 5, 5]).histogram.counts[8] == 3)
    let tooFar = Histogram([0, 1000, -1000], around: Moments([-1, 1]))
    #expect(tooFar.counts.first == 1 && tooFar.counts.last == 1 && tooFar.counts[8] == 1)
  }

  @Test func layersAreListedBeforeAndAfter() throws {
    var builder = GraphBuilder("net", seed: 1)
    var x = builder.input("input", [.symbolic("batch"), .fixed(4)])
    x = builder.linear("fc1", x, inputs: 4, outputs: 3)
    x = builder.linear("fc2", x, inputs: 3, outputs: 2)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
    var pruned = graph
    var values = try #require(graph.weights["fc1.weight"]).floats
    for index in 0..<6 { values[index] = 0 }
    pruned.weights["fc1.weight"] = TensorData(shape: [3, 4], floats: values)
    let changes = DistributionChange.changes(from: graph, to: pruned)
    #expect(changes.map(\.before.weight) == ["fc1.weight", "fc2.weight"])
    #expect(changes.map(\.after.distribution.sparsity) == [0.5, 0])
    #expect(changes.map(\.before.distribution.sparsity) == [0, 0])
    let text = DistributionChange.text(changes)
    #expect(text.contains("0.00% > 50.00%") && LayerDistribution.text(LayerDistribution.all(of: graph)).contains("fc2"))
    let json = try JSONEncoder().encode(changes)
    #expect(try JSONDecoder().decode([DistributionChange].self, from: json) == changes)
  }
}
