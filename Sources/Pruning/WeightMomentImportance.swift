import ChannelGroups
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
  package let usualAggregation = Aggregation.mean
  /// What is done to the weights first, by the mean and deviation of the whole layer.
  private let transform: StatisticTransform

  /// `criterion` is one of the four moments.
  package init(_ criterion: Criterion, transform: StatisticTransform = .none) {
    self.criterion = criterion
    self.transform = transform
  }

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      scores[group.name] = try UnitSlices(group, in: context).slices.map { slice in
        let layer = try transform == .none ? nil : Moments(context.tensor(slice.weight).to(.float64).doubles)
        return slice.scores { row in
          Moments(layer.map { transform.applied(to: row, in: $0) } ?? row).value(of: criterion)
        }
      }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }
}

extension Moments {
  /// The moment that a criterion names; the variance for a criterion that names none.
  fileprivate func value(of criterion: Criterion) -> Double {
    switch criterion {
    case .mean: mean
    case .skewness: skewness
    case .kurtosis: kurtosis
    case .variance, .random, .l1, .l2, .batchNormScale, .taylor, .fpgm, .linf, .lamp, .gradientSign, .snip, .grasp,
      .synflow, .fisher, .obd, .entropy, .meanActivation, .apoz, .hrank, .wanda, .distilledSparsity, .obs, .sparseGPT,
      .hessianTrace, .movement, .dropoutRates, .gates:
      variance
    }
  }
}
