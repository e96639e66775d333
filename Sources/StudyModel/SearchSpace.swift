/// The plans that a sampler may propose: every list is searched, one entry is a fixed choice.
package struct SearchSpace: Hashable, Sendable, Codable {
  package var choices: [CriterionChoice]
  package var granularities: [Granularity]
  package var scope: Scope
  package var minimumSparsity: Double
  package var maximumSparsity: Double
  /// The only shares that plans take, in the order of the spec; nil for all from minimum to maximum, which are the list's ends
  /// otherwise.
  package var shares: [Double]?
  /// Of what the sparsity is a share.
  package var measure: SparsityMeasure
  /// Where not empty, what scores below one of these leaves, and there are no shares.
  package var thresholds: [Double]
  /// Nil: as is usual for the criterion. The same for the two lists below.
  package var removals: [Removal?]
  package var aggregations: [Aggregation?]
  package var normalizations: [Normalization?]
  package var transforms: [StatisticTransform]
  package var layers: LayerSet
  /// The share of layers that is chosen first in the scope layers-then-weights; nil: as is usual.
  package var layerShare: Double?
  package var roundTo: Int
  package var schedules: [Schedule]
  package var orders: [LayerOrder]
  package var sparseTrainings: [SparseTraining?]
  /// Units that do nothing leave first, in plans that remove units.
  package var removesRedundant: Bool
  /// What the readers of channels that leave get in their place; nil for nothing.
  package var replacement: Replacement?

  package init(
    criteria: [Criterion] = Criterion.usual, granularities: [Granularity] = [.channel], scope: Scope = .perGroup,
    minimumSparsity: Double = 0, maximumSparsity: Double = 0.95, measure: SparsityMeasure = .units,
    thresholds: [Double] = [], removals: [Removal?] = [nil], aggregations: [Aggregation?] = [nil],
    normalizations: [Normalization?] = [nil], transforms: [StatisticTransform] = [.none],
    layers: LayerSet = LayerSet(), layerShare: Double? = nil, roundTo: Int = 1, schedules: [Schedule] = [.oneShot],
    orders: [LayerOrder] = [.allAtOnce], sparseTrainings: [SparseTraining?] = [nil], removesRedundant: Bool = false,
    replacement: Replacement? = .mean
  ) {
    choices = criteria.map { CriterionChoice($0) }
    self.granularities = granularities
    self.scope = scope
    self.minimumSparsity = minimumSparsity
    self.maximumSparsity = maximumSparsity
    self.measure = measure
    self.thresholds = thresholds
    self.removals = removals
    self.aggregations = aggregations
    self.normalizations = normalizations
    self.transforms = transforms
    self.layers = layers
    self.layerShare = layerShare
    self.roundTo = roundTo
    self.schedules = schedules
    self.orders = orders
    self.sparseTrainings = sparseTrainings
    self.removesRedundant = removesRedundant
    self.replacement = replacement
  }

  /// The same with a list of shares in the place of the range.
  package func withShares(_ shares: [Double]) -> SearchSpace {
    var space = self
    space.shares = shares
    space.minimumSparsity = shares.min() ?? minimumSparsity
    space.maximumSparsity = shares.max() ?? maximumSparsity
    return space
  }

  /// The criteria of the choices; one that is there with several rankings is repeated.
  package var criteria: [Criterion] { choices.map(\.criterion) }

  /// True when some plan of the space leaves zeros in tensors that keep their sizes, alone or beside plans that shrink them.
  package var leavesZeros: Bool { granularities.contains { !$0.isStructured } }
}
