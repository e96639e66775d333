import Foundation
import Synchronization

/// A clock that runs only while this machine gives the tests something: the waits of a test end by it, not by the wall clock.
///
/// One thread sleeps for ten milliseconds again and again and counts ten, however late it woke. On an idle machine that is
/// time as usual; where other programs hold the processors, or the machine was suspended, the clock is as slow as the
/// tests are.
package enum GrantedTime {
  private static let step = 0.01

  private static let ticker = Ticker()

  /// Seconds since the clock was first asked.
  package static var now: Double { Double(ticker.steps.load(ordering: .relaxed)) * step }

  /// Lets the clock's next step pass.
  package static func pause() { usleep(UInt32(step * 1e6)) }

  private final class Ticker: Sendable {
    let steps = Atomic<Int>(0)

    init() {
      let thread = Thread { [self] in
        while true {
          pause()
          steps.add(1, ordering: .relaxed)
        }
      }
      thread.name = "granted time"
      thread.start()
    }
  }
}

/// Asks until `condition` gives a value; nil once that did not happen for `seconds` in which `progress` stood still too.
///
/// Blocks its thread, so it belongs into tests with a thread of their own (`.ownThread`).
package func eventually<Value>(
  within seconds: Double, every interval: Double = 0.01, progress: () -> Int = { 0 },
  _ condition: () throws -> Value?
) rethrows -> Value? {
  var (last, since) = (progress(), GrantedTime.now)
  while true {
    if let value = try condition() { return value }
    let reached = progress()
    if reached != last { (last, since) = (reached, GrantedTime.now) }
    if GrantedTime.now - since >= seconds { return nil }
    usleep(UInt32(interval * 1e6))
  }
}
