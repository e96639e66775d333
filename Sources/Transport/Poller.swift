import CLinux
import CZMQ
import Foundation

/// Waits for sockets and plain descriptors together; level-triggered: what is not handled is reported again.
///
/// All calls from the thread that owns the sockets.
package final class Poller {
  /// Names one watched thing for as long as it is watched.
  package struct Token: Hashable, Sendable {
    fileprivate let number: Int
  }

  /// A watched thing that something can be done with.
  package struct Ready: Hashable, Sendable {
    package let token: Token
    package let isReadable: Bool
    package let isWritable: Bool
    /// The other side hung up, or the descriptor is not open.
    package let hasFailed: Bool
  }

  private var items: [zmq_pollitem_t] = []
  private var tokens: [Token] = []
  private var nextNumber = 0

  package init() {}

  package func watch(_ socket: RouterSocket) -> Token { add(socket.socket.pointer, descriptor: 0, ZMQ_POLLIN) }

  package func watch(_ socket: DealerSocket) -> Token { add(socket.socket.pointer, descriptor: 0, ZMQ_POLLIN) }

  /// Watches a descriptor for something to read, or for room to write.
  package func watch(descriptor: Int32, forWriting: Bool = false) -> Token {
    precondition(descriptor >= 0, "descriptors are not negative")
    return add(nil, descriptor: descriptor, forWriting ? ZMQ_POLLOUT : ZMQ_POLLIN)
  }

  /// Stops watching; must come before the socket or descriptor is closed.
  package func unwatch(_ token: Token) {
    guard let index = tokens.firstIndex(of: token) else { return }
    items.remove(at: index)
    tokens.remove(at: index)
  }

  /// What is ready, in the order of watching; empty when `timeout` seconds have passed. Nil waits for ever.
  package func wait(timeout: Double?) throws -> [Ready] {
    let end = timeout.map { Self.now + max(0, $0) }
    while true {
      // Rounded up, so that a caller whose deadline is a fraction of a millisecond away does not spin.
      let remaining = end.map { Int(milliseconds($0 - Self.now)) } ?? -1
      let count = zmq_poll(&items, Int32(items.count), remaining)
      if count >= 0 { return ready() }
      guard zmq_errno() == EINTR else { throw TransportError.socketFailure("wait for messages") }
    }
  }

  /// Seconds of CLOCK_BOOTTIME: the clock of all deadlines.
  package static var now: Double { Double(coppice_boottime_nanoseconds()) * 1e-9 }

  private func add(_ socket: UnsafeMutableRawPointer?, descriptor: Int32, _ events: Int32) -> Token {
    let token = Token(number: nextNumber)
    nextNumber += 1
    items.append(zmq_pollitem_t(socket: socket, fd: descriptor, events: Int16(events), revents: 0))
    tokens.append(token)
    return token
  }

  private func ready() -> [Ready] {
    zip(items, tokens).compactMap { item, token in
      guard item.revents != 0 else { return nil }
      let events = Int32(item.revents)
      return Ready(
        token: token, isReadable: events & ZMQ_POLLIN != 0, isWritable: events & ZMQ_POLLOUT != 0,
        hasFailed: events & ZMQ_POLLERR != 0)
    }
  }
}
