import CLinux
import Foundation
import Support

/// Wakes a thread that waits in a `Poller`, from any thread or signal handler.
package final class WakeUp: Sendable {
  /// Readable after `signal()` until `drain()`.
  package let descriptor: Int32

  package init() throws {
    descriptor = coppice_eventfd()
    guard descriptor >= 0 else { throw TransportError.socketFailure("create an event descriptor") }
  }

  deinit { close(descriptor) }

  package func signal() { _ = coppice_eventfd_signal(descriptor) }

  /// Forgets all signals so far; the owning thread calls it when the poller says that the descriptor is readable.
  package func drain() { _ = coppice_eventfd_drain(descriptor) }
}
