import ChannelGroups
import Foundation
import Selection
import StudyModel

/// A moment of the distribution of the weights that make a channel: mean, variance, skewness or kurtosis, over all layers whose
/// filters leave together, as the mean of the layers' moments.
///
/// Skewness is the third standardised moment, m3 / m2^1.5, and kurtosis the fourth, m4 / m2^2 (3 for a normal distribution),
/// both with population moments about the mean; where all weights are equal they are 0 and 3. Which units leave is the plan's
/// `removal`: the usual one is the outlying of their group, for the variance the low.
package struct WeightMomentImportance: ImportanceCriterion {
  package let criterion: Criterion

  /// `criterion` is one of the four moments.
  package init(_ criterion: Criterion) {
    self.criterion = criterion
  }

  package func channelScores(of groups: [ChannelGroup], in context: ScoringContext) throws -> GroupScores {
    var scores: GroupScores = [:]
    for group in groups {
      var sums = [Double](repeating: 0, count: group.units.count)
      var layers = [Double](repeating: 0, count: group.units.count)
      for slice in try UnitSlices(group, in: context).slices {
        for (place, unit) in slice.units.enumerated() {
          sums[unit] += moment(of: slice.rows[place])
          layers[unit] += 1
        }
      }
      scores[group.name] = zip(sums, layers).map { Float($0 / max($1, 1)) }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }

  func moment(of values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    func central(_ power: Int) -> Double {
      values.reduce(0) { sum, value in
        let difference = value - mean
        return sum + (power == 2 ? difference * difference : pow(difference, Double(power)))
      } / count
    }
    if criterion == .mean { return mean }
    let variance = central(2)
    switch criterion {
    case .skewness: return variance > 0 ? central(3) / (variance * variance.squareRoot()) : 0
    case .kurtosis: return variance > 0 ? central(4) / (variance * variance) : 3
    default: return variance
    }
  }
}
