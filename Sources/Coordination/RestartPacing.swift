import Foundation

/// When a process that ended, or could not be started, is started again, and when that makes no sense any more.
///
/// Times are seconds of one clock that never goes back.
struct RestartPacing: Hashable {
  /// A process that lives for less long than this died of its start.
  static let settlingTime = 10.0
  static let longestPause = 30.0
  /// So many failed starts in a row, and starting more makes no sense.
  static let failureLimit = 4
  /// Where the cause may pass (too many processes, too little memory), it has at least this time to do so.
  static let patience = 600.0

  private(set) var nextStart = 0.0
  private var startedAt = 0.0
  private var failures = 0
  private var failingSince = 0.0
  private var mayPass = false

  mutating func started(now: Double) { startedAt = now }

  /// A process ended that was started; one that lived for a while is replaced at once.
  mutating func ended(now: Double) {
    guard now - startedAt < Self.settlingTime else {
      failures = 0
      nextStart = now
      return
    }
    failed(now: now, mayPass: false)
  }

  /// No process came into being.
  mutating func failedToStart(now: Double, mayPass: Bool) { failed(now: now, mayPass: mayPass) }

  func isHopeless(now: Double) -> Bool {
    failures >= Self.failureLimit && (!mayPass || now - failingSince >= Self.patience)
  }

  private mutating func failed(now: Double, mayPass: Bool) {
    if failures == 0 { failingSince = now }
    failures += 1
    self.mayPass = mayPass
    nextStart = now + min(Self.longestPause, 0.25 * pow(2, Double(min(failures, 20))))
  }
}
