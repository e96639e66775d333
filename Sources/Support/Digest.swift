import Crypto
import Foundation

/// A SHA-256 digest: the identity of plans, artifacts and data.
package struct Digest: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  /// 64 lower-case hexadecimal digits.
  package let hex: String

  /// The digest written as 64 hexadecimal digits, or nil when the text is not one.
  package init?(hex: String) {
    guard hex.utf8.count == 64,
      hex.utf8.allSatisfy({
        ("0"..."9").contains(Character(UnicodeScalar($0))) || ("a"..."f").contains(Character(UnicodeScalar($0)))
      })
    else { return nil }
    self.hex = hex
  }

  package init(of bytes: some DataProtocol) {
    self.init(SHA256.hash(data: bytes))
  }

  fileprivate init(_ hash: SHA256.Digest) {
    hex = hash.map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = Digest(hex: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a SHA-256 digest")
    }
    self = digest
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }

  /// The first 12 digits, for people.
  package var short: String { String(hex.prefix(12)) }
  package var description: String { hex }

  package static func < (left: Digest, right: Digest) -> Bool { left.hex < right.hex }
}

/// Digests bytes that arrive in pieces.
package struct DigestBuilder {
  private var hash = SHA256()

  package init() {}

  package mutating func update(_ bytes: some DataProtocol) { hash.update(data: bytes) }

  package func finalize() -> Digest { Digest(hash.finalize()) }
}
