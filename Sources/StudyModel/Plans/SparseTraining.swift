/// Training of the dense network towards sparsity before the first cut.
package struct SparseTraining: Hashable, Sendable, Codable {
  /// What is made small.
  package enum Penalty: String, Hashable, Sendable, Codable, CaseIterable {
    /// Absolute weights.
    case l1
    /// Norms of what leaves together: each channel's slices as one vector (Wen and others 2016; Fang and others 2023 over groups).
    case groupLasso = "group-lasso"
    /// Absolute scales of batch normalisations (Liu and others 2017).
    case batchNormScale = "bn-scale"
    /// Squares of the lowest-scoring channels, by a factor that grows (Wang and others 2021).
    case growing
    /// Gates in [0, 1] on channels, learned with the weights.
    case gates
  }

  /// How the penalty acts.
  package enum Update: String, Hashable, Sendable, Codable, CaseIterable {
    /// Its subgradient joins the gradient.
    case gradient
    /// Its proximal operator follows each step, so that exact zeros appear.
    case proximal
    /// Follow the regularised leader (McMahan and others 2013).
    case ftrl
  }

  package var penalty: Penalty
  package var update: Update
  package var strength: Double
  package var epochs: Double

  package init(_ penalty: Penalty, update: Update = .gradient, strength: Double = 1e-4, epochs: Double = 1) {
    self.penalty = penalty
    self.update = update
    self.strength = strength
    self.epochs = epochs
  }
}
