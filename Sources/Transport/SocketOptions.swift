/// The limits and timings of a socket; the defaults suit control messages on one host or a cluster's network.
package struct SocketOptions: Hashable, Sendable {
  /// Bytes of one message. A peer that sends more is disconnected, and what it sent is lost silently, so that senders
  /// check too.
  package var maximumMessageBytes = 1 << 20
  /// Messages queued for one peer before sending to it is refused.
  package var highWaterMark = 256
  /// Seconds that closing waits for unsent messages.
  package var linger = 2.0
  /// Seconds between transport heartbeats, and of silence after which a connection is dropped.
  package var heartbeatInterval = 5.0
  package var heartbeatTimeout = 15.0
  /// Seconds that a peer is told to wait for our heartbeats before it drops us.
  package var heartbeatLifetime = 20.0
  package var handshakeLimit = 5.0
  /// Seconds before a broken connection is tried again, doubled each time up to the second value.
  package var reconnectFirst = 0.25
  package var reconnectMaximum = 30.0

  package init() {}
}
