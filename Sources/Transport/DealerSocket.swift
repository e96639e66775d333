import CZMQ
import Foundation

/// A worker's end: one connection to a router, kept up by libzmq. One part per message.
///
/// All calls from the one thread that owns it. A worker that lost its coordinator makes a new one, so that nothing queued
/// for the old session is delivered to the next.
package final class DealerSocket {
  let socket: Socket
  /// Messages that were not exactly one part, since the start; dropped.
  package private(set) var malformedCount = 0

  /// `identity` is the routing id that the router sees: 1 to 255 bytes, the first not zero, never used by another live
  /// connection of that router.
  package init(
    _ context: MessagingContext, identity: [UInt8], options: SocketOptions = SocketOptions()
  ) throws {
    precondition((1...255).contains(identity.count) && identity[0] != 0, "a routing id has 1 to 255 bytes")
    socket = try Socket(context, type: ZMQ_DEALER, options: options)
    // Without this, messages for a router that is not there pile up and arrive in a burst.
    try socket.set(ZMQ_IMMEDIATE, 1, "immediate mode")
    try socket.set(ZMQ_ROUTING_ID, identity, "routing id")
  }

  /// Starts connecting to an `ipc://` or `inproc://` endpoint; the router may come up later.
  package func connect(_ endpoint: String) throws {
    try Endpoint.check(endpoint)
    guard zmq_connect(socket.pointer, endpoint) == 0 else {
      throw TransportError(
        .endpointUnavailable, "Cannot connect to '\(endpoint)': \(TransportError.lastErrorText()).",
        remedy: "Check the address.")
    }
  }

  /// Queues a message; false when no connection is up or its queue is full.
  package func send(_ payload: Data) throws -> Bool {
    try socket.checkSize(of: payload)
    return try socket.sendPart(payload, more: false)
  }

  /// The next message, or nil when none waits.
  package func receive() throws -> Data? {
    while let (parts, partCount) = try socket.receiveParts(keeping: 1) {
      if partCount == 1 { return parts[0] }
      malformedCount += 1
    }
    return nil
  }

  /// Closes now; unsent messages get `linger` seconds to leave.
  package func close(linger: Double = 0) { socket.close(linger: linger) }
}
