import Foundation
import StudyModel
import Support

/// A finished evaluation's result, sent until it is acknowledged.
package struct ResultReport: WirePayload {
  package var lease: LeaseID
  /// Canonical bytes of an `EvaluationResult`.
  package var bytes: Data
  /// Of `bytes` when they were made.
  package var digest: Digest

  package init(lease: LeaseID, result: EvaluationResult) throws {
    self.init(lease: lease, bytes: try CanonicalBytes.encode(result))
  }

  package init(lease: LeaseID, bytes: Data) {
    self.lease = lease
    self.bytes = bytes
    digest = Digest(of: bytes)
  }

  /// Whether the bytes are those that were digested.
  package var isIntact: Bool { Digest(of: bytes) == digest }

  /// The result; throws when the bytes were changed on the way or are no result. Its values are not judged.
  package func result() throws -> EvaluationResult {
    guard isIntact else { throw WireError.invalid("RESULT", "digest", digest) }
    return try Field.canonical(bytes, "result", of: "RESULT")
  }

  init(_ proto: ProtoResult) throws {
    lease = try Field.lease(proto.lease, of: "RESULT")
    bytes = proto.result
    let hex = proto.digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    guard let digest = Digest(hex: hex) else {
      throw WireError.invalid("RESULT", "digest", "\(proto.digest.count) bytes")
    }
    self.digest = digest
  }

  func makeProto() -> ProtoResult {
    var proto = ProtoResult()
    proto.lease = lease.value
    proto.result = bytes
    let digits = Array(digest.hex.utf8)
    proto.digest = Data(
      stride(from: 0, to: digits.count, by: 2).map { nibble(digits[$0]) << 4 | nibble(digits[$0 + 1]) })
    return proto
  }

  private func nibble(_ digit: UInt8) -> UInt8 { digit < 0x3a ? digit - 0x30 : digit - 0x57 }
}

/// What became of a reported result; each of them ends its resending.
package enum ResultStatus: String, Hashable, Sendable, CaseIterable {
  /// Committed to the store.
  case accepted
  /// The evaluation was done already.
  case duplicate
  /// The lease is of no study that the coordinator knows.
  case stale
  /// Refused by its schema, digest or range.
  case invalid
}
