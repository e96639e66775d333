import Foundation
import StudyModel
import StudyStore
import Support

/// When the next attempt of an evaluation may begin; whether there is one says `FailureRule`.
struct RetryPolicy: Hashable, Sendable {
  let timings: CoordinatorTimings
  let seed: UInt64

  /// Seconds until the next attempt: base * 2^(failures - 1), capped, times a share by chance ("full jitter"), so that
  /// evaluations that failed together do not come back together.
  ///
  /// The first loss of a worker in a row costs no time; further ones do, lest a worker that drops what it gets keeps all busy.
  func delay(for key: EvaluationKey, failures: [FailedAttempt], attempts: Int) -> Double {
    let losses = failures.reversed().prefix { $0.kind == .loss }.count
    return delay(for: key, count: max(FailureRule(failures).count, losses - 1), attempts: attempts)
  }

  /// The same for an attempt that was given back; none while that is rare.
  func delay(forReturned key: EvaluationKey, attempts: Int) -> Double {
    attempts <= timings.freeReturns ? 0 : delay(for: key, count: 1, attempts: attempts)
  }

  private func delay(for key: EvaluationKey, count: Int, attempts: Int) -> Double {
    guard count > 0 else { return 0 }
    let longest = min(timings.backoffLimit, timings.backoffBase * pow(2, Double(min(count, 64) - 1)))
    var generator = SeededGenerator(
      seed: seed, stream: "backoff \(key.trial) \(key.rung) \(key.purpose.rawValue) \(attempts)")
    return longest * generator.uniform()
  }
}
