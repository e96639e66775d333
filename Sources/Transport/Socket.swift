import CZMQ
import Foundation

/// A libzmq socket with its options set: what routers and dealers share. Used from one thread only.
final class Socket {
  let pointer: UnsafeMutableRawPointer
  let options: SocketOptions
  // The context must outlive its sockets.
  private let context: MessagingContext
  private var isOpen = true

  init(_ context: MessagingContext, type: Int32, options: SocketOptions) throws {
    guard let pointer = zmq_socket(context.pointer, type) else {
      throw TransportError.socketFailure("create a socket")
    }
    self.pointer = pointer
    self.context = context
    self.options = options
    try setCommonOptions()
  }

  deinit { close(linger: options.linger) }

  func close(linger: Double) {
    guard isOpen else { return }
    isOpen = false
    try? set(ZMQ_LINGER, milliseconds(linger), "linger")
    zmq_close(pointer)
  }

  private func setCommonOptions() throws {
    try set(ZMQ_LINGER, milliseconds(options.linger), "linger")
    try set(ZMQ_SNDHWM, Int32(clamping: options.highWaterMark), "send limit")
    try set(ZMQ_RCVHWM, Int32(clamping: options.highWaterMark), "receive limit")
    try set(ZMQ_HEARTBEAT_IVL, milliseconds(options.heartbeatInterval), "heartbeat interval")
    try set(ZMQ_HEARTBEAT_TIMEOUT, milliseconds(options.heartbeatTimeout), "heartbeat time-out")
    try set(ZMQ_HEARTBEAT_TTL, milliseconds(options.heartbeatLifetime), "heartbeat lifetime")
    try set(ZMQ_HANDSHAKE_IVL, milliseconds(options.handshakeLimit), "handshake limit")
    try set(ZMQ_RECONNECT_IVL, milliseconds(options.reconnectFirst), "reconnect interval")
    try set(ZMQ_RECONNECT_IVL_MAX, milliseconds(options.reconnectMaximum), "longest reconnect interval")
    var limit = Int64(options.maximumMessageBytes)
    guard zmq_setsockopt(pointer, ZMQ_MAXMSGSIZE, &limit, MemoryLayout<Int64>.size) == 0 else {
      throw TransportError.socketFailure("set a socket's message limit")
    }
  }

  func set(_ option: Int32, _ value: Int32, _ name: String) throws {
    var value = value
    guard zmq_setsockopt(pointer, option, &value, MemoryLayout<Int32>.size) == 0 else {
      throw TransportError.socketFailure("set a socket's \(name) to \(value)")
    }
  }

  func set(_ option: Int32, _ bytes: [UInt8], _ name: String) throws {
    guard zmq_setsockopt(pointer, option, bytes, bytes.count) == 0 else {
      throw TransportError.socketFailure("set a socket's \(name)")
    }
  }

  func checkSize(of payload: Data) throws {
    guard payload.count <= options.maximumMessageBytes else {
      throw TransportError(
        .messageTooLarge,
        "Cannot send a message of \(payload.count) bytes: the limit is \(options.maximumMessageBytes).",
        remedy: "Send what is large as an artifact.")
    }
  }

  /// Hands one part to libzmq without waiting; false when it would have to wait or the receiver is not known.
  func sendPart(_ bytes: some ContiguousBytes, more: Bool) throws -> Bool {
    let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
    while true {
      let status = bytes.withUnsafeBytes { zmq_send(pointer, $0.baseAddress, $0.count, flags) }
      if status >= 0 { return true }
      let number = zmq_errno()
      if number == EINTR { continue }
      if coppice_zmq_would_block(number) != 0 || coppice_zmq_is_unreachable(number) != 0 { return false }
      throw TransportError.socketFailure("send a message")
    }
  }

  /// The parts of the next message, or nil when none waits. Parts beyond `keeping` are read and dropped; `partCount` says
  /// how many there were.
  func receiveParts(keeping: Int) throws -> (parts: [Data], partCount: Int)? {
    var parts: [Data] = []
    var partCount = 0
    while true {
      guard let (bytes, more) = try receivePart(wanted: partCount < keeping) else {
        // A message's parts arrive together: only before the first one can there be nothing.
        return nil
      }
      if partCount < keeping { parts.append(bytes) }
      partCount += 1
      if !more { return (parts, partCount) }
    }
  }

  private func receivePart(wanted: Bool) throws -> (Data, more: Bool)? {
    var part = zmq_msg_t()
    zmq_msg_init(&part)
    defer { zmq_msg_close(&part) }
    while zmq_msg_recv(&part, pointer, ZMQ_DONTWAIT) < 0 {
      let number = zmq_errno()
      if number == EINTR { continue }
      if coppice_zmq_would_block(number) != 0 { return nil }
      throw TransportError.socketFailure("receive a message")
    }
    let more = zmq_msg_more(&part) != 0
    let count = zmq_msg_size(&part)
    guard wanted, count > 0, let start = zmq_msg_data(&part) else { return (Data(), more) }
    return (Data(bytes: start, count: count), more)
  }
}

/// Seconds as libzmq's milliseconds, never rounded down to zero.
func milliseconds(_ seconds: Double) -> Int32 {
  Int32(min(Double(Int32.max), max(0, (seconds * 1000).rounded(.up))))
}
