import Foundation
import StudyModel
import Support

/// What a failed attempt costs and when the next one may begin.
struct RetryPolicy: Hashable, Sendable {
  let timings: CoordinatorTimings
  let seed: UInt64

  /// Charges and strikes of one failure.
  func cost(of failure: EvaluationFailure) -> (charges: Int, strikes: Int) {
    switch failure.failureClass {
    case .preempted: (0, 0)
    case .transient, .internal: (1, 0)
    case .deterministic, .badInput, .resource: (1, 1)
    }
  }

  func givesUp(_ key: EvaluationKey, charges: Int, strikes: Int, attempts: Int, last: FailureClass) -> Bool {
    // Without a baseline nothing goes on, and what cannot be used will not get better by waiting.
    if key == .baseline, last == .badInput { return true }
    return charges >= timings.chargeLimit || strikes >= timings.strikeLimit || attempts >= timings.attemptLimit
  }

  /// Seconds until the next attempt: base * 2^(charges - 1), capped, times a share by chance ("full jitter"), so that
  /// evaluations that failed together do not come back together.
  func delay(for key: EvaluationKey, charges: Int, attempts: Int) -> Double {
    guard charges > 0 else { return 0 }
    let longest = min(timings.backoffLimit, timings.backoffBase * pow(2, Double(charges - 1)))
    var generator = SeededGenerator(
      seed: seed, stream: "backoff \(key.trial) \(key.rung) \(key.purpose.rawValue) \(attempts)")
    return longest * generator.uniform()
  }
}
