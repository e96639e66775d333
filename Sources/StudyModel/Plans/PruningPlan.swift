import Foundation
import Support

/// A complete pruning recipe. Its canonical bytes are its identity: equal plans are one trial.
package struct PruningPlan: Hashable, Sendable, Codable {
  /// The version of this format; it is part of the identity.
  package var version: Int
  package var criterion: Criterion
  package var ranking: Ranking
  package var granularity: Granularity
  package var scope: Scope
  package var sparsity: Sparsity
  /// Of what the sparsity is a share.
  package var measure: SparsityMeasure
  package var layers: LayerSet
  /// The share of layers that is chosen first in the scope layers-then-weights; nil: a third.
  package var layerShare: Double?
  package var schedule: Schedule
  package var order: LayerOrder
  package var sparseTraining: SparseTraining?
  /// Units that are constant on the calibration data, or zero, leave first, their constant folded into the next bias.
  package var removesRedundant: Bool
  /// What the readers of a channel that leaves get in its place; nil for nothing. Of units only, not of layers or zeros, and not
  /// under criteria that update the weights that stay.
  package var replacement: Replacement?
  /// Every group keeps a multiple of this many channels, where it has that many.
  package var roundTo: Int
  /// Every group keeps at least this many channels (or weights).
  package var minimumKept: Int
  package var recovery: Recovery
  /// Seeds scores, batches and augmentation of every rung.
  package var seed: UInt64

  package init(
    criterion: Criterion, ranking: Ranking = Ranking(), granularity: Granularity = .channel, scope: Scope = .global,
    sparsity: Sparsity, measure: SparsityMeasure = .units, layers: LayerSet = LayerSet(), layerShare: Double? = nil,
    schedule: Schedule = .oneShot, order: LayerOrder = .allAtOnce, sparseTraining: SparseTraining? = nil,
    removesRedundant: Bool = false, replacement: Replacement? = nil, roundTo: Int = 1, minimumKept: Int = 1,
    recovery: Recovery = Recovery(),
    seed: UInt64 = 0
  ) {
    version = 2
    self.criterion = criterion
    self.ranking = ranking
    self.granularity = granularity
    self.scope = scope
    self.sparsity = sparsity
    self.measure = measure
    self.layers = layers
    self.layerShare = layerShare
    self.schedule = schedule
    self.order = order
    self.sparseTraining = sparseTraining
    self.removesRedundant = removesRedundant
    self.replacement = replacement
    self.roundTo = roundTo
    self.minimumKept = minimumKept
    self.recovery = recovery
    self.seed = seed
  }

  /// The plan that removes nothing: the baseline's.
  package static func dense(seed: UInt64) -> PruningPlan {
    PruningPlan(criterion: .random, scope: .local, sparsity: .uniform(0), seed: seed)
  }

  package var removesNothing: Bool {
    guard !removesRedundant, sparseTraining == nil else { return false }
    switch granularity {
    case .nOfM: return false
    case .channel, .element, .block, .head, .unit, .layer: break
    }
    switch sparsity {
    case .uniform(let share): return share == 0
    case .perGroup(let shares): return shares.values.allSatisfy { $0 == 0 }
    case .threshold: return false
    }
  }

  /// True when the cuts need training before or between them, so that rung 0 only shows what one cut would do.
  package var trainsBeforeLastCut: Bool { sparseTraining != nil || schedule.kind != .oneShot }

  /// Which end of the statistic leaves.
  package var removal: Removal { ranking.removal ?? criterion.usualRemoval }

  /// Scores as importance: the lowest leave.
  package func importance(_ scores: [Float]) -> [Float] { removal.importance(scores) }

  /// The bytes that name this plan and travel with its networks.
  package func canonicalBytes() throws -> Data { try CanonicalBytes.encode(self) }

  package func identity() throws -> Digest { Digest(of: try canonicalBytes()) }
}
