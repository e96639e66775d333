import Foundation

/// Cuts the bytes that arrive from an engine, in pieces of any size, into events.
package struct PipeBuffer {
  private var bytes = Data()

  package init() {}

  package mutating func append(_ more: Data) { bytes.append(more) }

  /// Whether a message has begun and not ended.
  package var isInsideMessage: Bool { !bytes.isEmpty }

  /// The next whole event, or nil when more bytes are needed. After an error the stream cannot be read on.
  package mutating func nextEvent() throws -> EngineEvent? { try next(EngineEvent.self) }

  mutating func next<Message: PipeMessage>(_ type: Message.Type) throws -> Message? {
    guard bytes.count >= 4 else { return nil }
    let length = try Self.length(bytes.prefix(4))
    guard bytes.count >= 4 + length else { return nil }
    let body = Data(bytes.dropFirst(4).prefix(length))
    bytes = Data(bytes.dropFirst(4 + length))
    return try Message(pipeBody: body)
  }

  /// The length in a message's first 4 bytes; throws when it is over the limit.
  static func length(_ prefix: Data) throws -> Int {
    let length = prefix.reduce(0) { $0 << 8 | Int($1) }
    guard length <= WireLimits.pipeMessageBytes else {
      throw WireError(
        .tooLong,
        "A message of \(length) bytes is announced on an engine's pipe: "
          + "the limit is \(WireLimits.pipeMessageBytes).")
    }
    return length
  }
}
