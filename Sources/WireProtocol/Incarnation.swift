import Foundation

/// One start of a worker process: 128 random bits, so that a restarted worker is never taken for its predecessor.
package struct Incarnation: Hashable, Sendable, CustomStringConvertible {
  package static let byteCount = 16
  package let bytes: [UInt8]

  package init(using generator: inout some RandomNumberGenerator) {
    bytes = (0..<Self.byteCount).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  /// Nil unless there are exactly 16 bytes.
  package init?(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
    guard self.bytes.count == Self.byteCount else { return nil }
  }

  /// 32 hexadecimal digits.
  package var description: String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
