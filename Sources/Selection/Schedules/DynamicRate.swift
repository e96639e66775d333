import StudyModel

/// Decides cut by cut how much more leaves, from the validation accuracy after each: a value without any training in
/// it.
///
/// A cut takes `rate` of what is left. While the accuracy has lost no more than half of the tolerance the rate grows by
/// half (up to one half); when it has lost more, the rate halves. Beyond the tolerance the last cut is taken back and
/// the schedule ends. It also ends at the sparsity, and when its steps are used up.
package struct DynamicRate: Sendable, Hashable {
  package enum Decision: Sendable, Hashable {
    /// Cut until this share of the original is gone.
    case cut(to: Double)
    /// Go on with the network as it is; there are no more cuts.
    case stop
    /// Go on with the network as it was before the last cut; there are no more cuts.
    case takeBack
  }

  static let largestRate = 0.5

  private let target: Double
  private let baseline: Double
  private let tolerance: Double
  private var stepsLeft: Int
  /// The next cut's share of what is left.
  package private(set) var rate: Double
  /// What is gone, as a share of the original.
  package private(set) var gone = 0.0

  /// `baseline` is the dense network's accuracy on the samples by which cuts are judged.
  package init(_ schedule: Schedule, target: Double, baseline: Double) {
    self.target = target
    self.baseline = baseline
    tolerance = max(schedule.tolerance, 0)
    stepsLeft = max(schedule.steps, 1)
    rate = min(max(schedule.rate, 0.001), Self.largestRate)
  }

  /// The first cut.
  package mutating func start() -> Decision { target > 0 ? next() : .stop }

  /// What follows when the network, cut and trained, reaches this accuracy.
  package mutating func decide(accuracy: Double) -> Decision {
    let loss = baseline - accuracy
    guard accuracy.isFinite, loss <= tolerance + 1e-12 else { return .takeBack }
    guard gone < target, stepsLeft > 0 else { return .stop }
    rate = loss <= tolerance / 2 ? min(rate * 1.5, Self.largestRate) : rate / 2
    return next()
  }

  private mutating func next() -> Decision {
    stepsLeft -= 1
    let share = 1 - (1 - gone) * (1 - rate)
    // What would be left for a last sliver of a cut is taken at once.
    gone = share > target - 1e-3 ? target : share
    return .cut(to: gone)
  }
}
