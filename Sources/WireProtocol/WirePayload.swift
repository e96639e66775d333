import Foundation
import StudyModel
import Support
import SwiftProtobuf

/// A message's content as our own value, beside its generated form.
protocol WirePayload: Hashable, Sendable {
  associatedtype Proto: SwiftProtobuf.Message

  /// Checks every field: what comes from a peer is not trusted.
  init(_ proto: Proto) throws
  func makeProto() throws -> Proto
}

extension WirePayload {
  func encodeBody() throws -> Data {
    let proto = try makeProto()
    do {
      return try proto.serializedBytes()
    } catch {
      throw WireError(.malformedBody, "Cannot encode a \(Self.self) message: \(error).")
    }
  }

  static func decodeBody(_ body: Data) throws -> Self { try Self(Proto.strictly(from: body)) }
}

extension SwiftProtobuf.Message {
  /// The message in `bytes`, with unknown fields dropped and a shallow nesting limit: ours nest twice.
  static func strictly(from bytes: Data) throws -> Self {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 16
    options.discardUnknownFields = true
    do {
      return try Self(serializedBytes: bytes, options: options)
    } catch {
      throw WireError(.malformedBody, "\(bytes.count) bytes are not a \(Self.protoMessageName) message: \(error).")
    }
  }
}

/// Checks of fields that a peer wrote.
enum Field {
  static func lease(_ value: Int64, of message: String) throws -> LeaseID {
    guard value > 0 else { throw WireError.invalid(message, "lease", value) }
    return LeaseID(value)
  }

  static func text(_ value: String, limit: Int, _ name: String, of message: String) throws -> String {
    guard value.utf8.count <= limit else { throw WireError.invalid(message, name, "\(value.utf8.count) bytes") }
    return value
  }

  static func finite(_ value: Double, in range: ClosedRange<Double>, _ name: String, of message: String) throws
    -> Double
  {
    guard range.contains(value) else { throw WireError.invalid(message, name, value) }
    return value
  }

  static func choice<Choice: RawRepresentable>(_ value: String, _ name: String, of message: String) throws -> Choice
  where Choice.RawValue == String {
    guard let choice = Choice(rawValue: value) else { throw WireError.invalid(message, name, value) }
    return choice
  }

  static func canonical<Value: Decodable>(_ bytes: Data, _ name: String, of message: String) throws -> Value {
    do {
      return try CanonicalBytes.decode(Value.self, from: bytes)
    } catch {
      throw WireError(.invalidField(name), "A \(message) message's \(name) cannot be read: \(error).")
    }
  }

  /// The first (or last) part of a text that fits in so many bytes, cut between characters.
  static func clipped(_ text: String, to limit: Int, keepingEnd: Bool = false) -> String {
    guard text.utf8.count > limit else { return text }
    let bytes = [UInt8](text.utf8)
    if keepingEnd {
      var start = bytes.count - limit
      while start < bytes.count, bytes[start] & 0xc0 == 0x80 { start += 1 }
      return String(decoding: bytes[start...], as: UTF8.self)
    }
    var end = limit
    while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
    return String(decoding: bytes[..<end], as: UTF8.self)
  }
}
