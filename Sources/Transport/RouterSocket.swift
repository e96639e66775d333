import CZMQ
import Foundation

/// The coordinator's end: receives from all peers and sends to one of them by its routing id. One part per message.
///
/// All calls from the one thread that owns it.
package final class RouterSocket {
  let socket: Socket
  /// Messages that were not exactly one part, since the start; dropped.
  package private(set) var malformedCount = 0

  package init(_ context: MessagingContext, options: SocketOptions = SocketOptions()) throws {
    socket = try Socket(context, type: ZMQ_ROUTER, options: options)
    // Without this, what is sent to an unknown peer vanishes silently.
    try socket.set(ZMQ_ROUTER_MANDATORY, 1, "router mode")
  }

  /// Listens on an `ipc://` or `inproc://` endpoint; an `ipc` path that exists is taken over.
  package func bind(_ endpoint: String) throws {
    try Endpoint.check(endpoint)
    guard zmq_bind(socket.pointer, endpoint) == 0 else {
      throw TransportError(
        .endpointUnavailable, "Cannot listen on '\(endpoint)': \(TransportError.lastErrorText()).",
        remedy: "Check that its folder exists and that no other process listens there.")
    }
  }

  /// Queues a message for one peer; false when the peer is not connected or its queue is full.
  package func send(_ payload: Data, to peer: [UInt8]) throws -> Bool {
    try socket.checkSize(of: payload)
    guard !peer.isEmpty, try socket.sendPart(peer, more: true) else { return false }
    return try socket.sendPart(payload, more: false)
  }

  /// The next message, or nil when none waits.
  package func receive() throws -> (peer: [UInt8], payload: Data)? {
    while let (parts, partCount) = try socket.receiveParts(keeping: 2) {
      if partCount == 2 { return ([UInt8](parts[0]), parts[1]) }
      malformedCount += 1
    }
    return nil
  }

  /// Closes now; unsent messages get `linger` seconds to leave.
  package func close(linger: Double = 0) { socket.close(linger: linger) }
}
