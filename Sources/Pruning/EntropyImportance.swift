import ChannelGroups
import Foundation
import Selection
import StudyModel

/// The entropy of a unit's globally averaged response over the samples (Luo and Wu 2017, "An entropy-based pruning
/// method for CNN compression", section 3.2), in nats: a unit that says nearly the same of every sample carries little.
///
/// The samples' averages fall into 32 bins of equal width between the unit's lowest and highest; H = -sum p log p over
/// the bins. The bias of this estimate is left in, since it is nearly the same for all units of one calibration set. A
/// unit with one value for all samples has entropy 0. A response is the value that the layer's consumers read
/// (`LayerResponse`).
package struct EntropyImportance: ImportanceCriterion {
  package let criterion = Criterion.entropy
  package var usualAggregation: Aggregation { .mean }
  static let binCount = 32

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let statistics = try ActivationStatistics(of: groups, in: context)
    let samples = try statistics.samples { try $0.to(.float64).meanOverPositions() }
    return statistics.layerScores(
      try samples.map { table in
        try context.progress.report()
        let (count, entries) = (table.shape[0], table.shape[1])
        let columns = try table.permute([1, 0]).contiguous().doubles
        return (0..<entries).map { Self.entropy(of: columns[$0 * count..<($0 + 1) * count]) }
      })
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }

  /// Not a number where a value is none, so that scoring names the unit.
  static func entropy(of values: ArraySlice<Double>) -> Double {
    guard let low = values.min(), let high = values.max() else { return 0 }
    guard values.allSatisfy(\.isFinite) else { return .nan }
    guard high > low else { return 0 }
    var counts = Array(repeating: 0, count: binCount)
    for value in values {
      let bin = Int((value - low) / (high - low) * Double(binCount))
      counts[min(bin, binCount - 1)] += 1
    }
    let total = Double(values.count)
    return counts.reduce(0) { sum, count in
      count > 0 ? sum - Double(count) / total * log(Double(count) / total) : sum
    }
  }
}
