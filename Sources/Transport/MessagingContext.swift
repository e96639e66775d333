import CZMQ
import Foundation

/// libzmq's I/O threads, shared by the sockets made with it.
///
/// Sockets keep their context alive; its end waits for their unsent messages, at most the linger time.
// Sendable: a libzmq context is thread-safe by its contract, and the pointer never changes.
package final class MessagingContext: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer

  package init() throws {
    guard let pointer = zmq_ctx_new() else { throw TransportError.socketFailure("start the messaging threads") }
    self.pointer = pointer
    // Plenty for one coordinator's or worker's few sockets; a message is never larger than the sockets' own limit.
    zmq_ctx_set(pointer, ZMQ_IO_THREADS, 1)
  }

  deinit {
    while zmq_ctx_term(pointer) != 0 && zmq_errno() == EINTR {}
  }
}
