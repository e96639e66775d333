/// What the readers of a channel get in its place when it leaves; nil in a plan: nothing, as zeros.
///
/// An optional of one case, so that a plan without it has the bytes, and with them the identity, that it had before there was
/// any replacement.
package enum Replacement: String, Hashable, Sendable, Codable, CaseIterable {
  /// Its mean over the calibration data, in the readers' biases; without data only what is constant by its weights.
  case mean
}

extension Replacement {
  /// True where channels leave from before readers that stay, and no criterion changes the readers' weights to make up for that.
  package func applies(to granularity: Granularity, _ criterion: Criterion) -> Bool {
    switch granularity {
    case .channel, .head, .unit: !criterion.updatesWeights
    case .layer, .element, .nOfM, .block: false
    }
  }
}
