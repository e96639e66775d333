import CCrypto
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
    var builder = DigestBuilder()
    builder.update(bytes)
    self = builder.finalize()
  }

  fileprivate init(_ bytes: [UInt8]) {
    hex = String(unsafeUninitializedCapacity: 2 * bytes.count) { digits in
      for (position, byte) in bytes.enumerated() {
        digits[2 * position] = Self.digit(byte >> 4)
        digits[2 * position + 1] = Self.digit(byte & 15)
      }
      return 2 * bytes.count
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
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

/// Digests bytes that arrive in pieces. It belongs to one task; others may have builders of their own at the same time.
package struct DigestBuilder: ~Copyable {
  private let state: OpaquePointer

  package init() {
    // No input leads here: memory is missing, or libcrypto was built without SHA-256.
    guard let state = coppice_sha256_begin() else { fatalError("libcrypto has no memory for a digest, or no SHA-256.") }
    self.state = state
  }

  deinit { coppice_sha256_free(state) }

  package mutating func update(_ bytes: some DataProtocol) {
    for region in bytes.regions {
      let status = region.withUnsafeBytes { coppice_sha256_update(state, $0.baseAddress, $0.count) }
      precondition(status == 0, "libcrypto refuses to digest \(region.count) bytes")
    }
  }

  package consuming func finalize() -> Digest {
    var bytes = [UInt8](repeating: 0, count: Int(COPPICE_SHA256_SIZE))
    precondition(coppice_sha256_finish(state, &bytes) == 0, "libcrypto does not end a digest")
    return Digest(bytes)
  }
}
