/// A criterion that a search may take, with what is fixed for it alone; nil leaves a choice to the space's own lists.
package struct CriterionChoice: Hashable, Sendable, Codable {
  package var criterion: Criterion
  package var removal: Removal?
  package var aggregation: Aggregation?
  package var normalization: Normalization?
  package var transform: StatisticTransform?

  package init(
    _ criterion: Criterion, removal: Removal? = nil, aggregation: Aggregation? = nil,
    normalization: Normalization? = nil, transform: StatisticTransform? = nil
  ) {
    self.criterion = criterion
    self.removal = removal
    self.aggregation = aggregation
    self.normalization = normalization
    self.transform = transform
  }

  /// True when nothing is fixed for this criterion alone.
  package var isPlain: Bool { self == CriterionChoice(criterion) }

  /// The ranking of a plan by this criterion, from the space's values where it has none of its own.
  ///
  /// What makes no difference is left out, so that equal plans are equal: which end of random numbers leaves, the end that
  /// leaves anyway, sums over layers for single weights, transforms before anything but moments.
  package func ranking(over shared: Ranking, granularity: Granularity) -> Ranking {
    let removal = removal ?? shared.removal
    let transform = transform ?? shared.transform
    return Ranking(
      removal: criterion == .random || removal == criterion.usualRemoval ? nil : removal,
      aggregation: granularity.isStructured ? aggregation ?? shared.aggregation : nil,
      normalization: normalization ?? shared.normalization,
      transform: criterion.isMoment ? transform : .none)
  }
}
