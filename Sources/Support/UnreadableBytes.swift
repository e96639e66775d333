import Foundation

/// Stored bytes that are not the value that they should be.
package struct UnreadableBytes: DescribedError, Equatable {
  package let message: String
  package let remedy: String?

  package init(_ message: String, remedy: String? = nil) {
    self.message = message
    self.remedy = remedy
  }

  /// What a decoder says about bytes, without its wrapping: the key and the reason.
  package static func reason(of error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }
      return path.isEmpty ? "" : " in '\(path.joined(separator: "."))'"
    }
    switch error {
    case .keyNotFound(let key, let context): return "the key '\(key.stringValue)' is missing\(place(context))"
    case .typeMismatch(let type, let context): return "something else than \(type) stands\(place(context))"
    case .valueNotFound(let type, let context): return "\(type) is missing\(place(context))"
    case .dataCorrupted(let context):
      let text = context.debugDescription
      return text.hasSuffix(".") ? text.dropLast() + place(context) : text + place(context)
    @unknown default: return "it cannot be decoded"
    }
  }
}

extension CanonicalBytes {
  /// As `decode`, for bytes that lie on a disk: throws `UnreadableBytes`, which names `what`, the holder of the bytes.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: Data, of what: String, remedy: String? = nil
  ) throws -> Value {
    do {
      return try decode(type, from: bytes)
    } catch {
      throw UnreadableBytes(
        "\(what.prefix(1).uppercased() + what.dropFirst()) cannot be read: \(UnreadableBytes.reason(of: error)).",
        remedy: remedy
          ?? "It is damaged, or another version of Coppice wrote it; open it with that one, or restore a copy.")
    }
  }
}
