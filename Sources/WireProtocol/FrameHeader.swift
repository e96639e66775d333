import Foundation

/// The 24 bytes before each message's body, all integers big-endian: "CPC" and the major version, the message's type,
/// three zero bytes, the coordinator's epoch, the sender's sequence number.
struct FrameHeader: Hashable {
  static let magic: [UInt8] = [0x43, 0x50, 0x43]
  static let majorVersion: UInt8 = 1

  var type: UInt8
  var epoch: UInt64
  var sequence: UInt64

  /// The whole frame; throws when the body is over its limit.
  func framing(_ body: Data) throws -> Data {
    guard body.count <= WireLimits.bodyBytes else {
      throw WireError(
        .tooLong, "Cannot send a message with a body of \(body.count) bytes: the limit is \(WireLimits.bodyBytes).",
        remedy: "Shorten the spec or the plan; what is large must travel as an artifact.")
    }
    var frame = Data(capacity: WireLimits.headerBytes + body.count)
    frame.append(contentsOf: Self.magic)
    frame.append(contentsOf: [Self.majorVersion, type, 0, 0, 0])
    frame.append(contentsOf: Self.bytes(of: epoch))
    frame.append(contentsOf: Self.bytes(of: sequence))
    frame.append(body)
    return frame
  }

  /// The header and the body of a frame from a peer that is not trusted.
  static func split(_ frame: Data) throws -> (header: FrameHeader, body: Data) {
    guard frame.count >= WireLimits.headerBytes else {
      throw WireError(.tooShort, "A frame has \(frame.count) bytes; its header alone has \(WireLimits.headerBytes).")
    }
    guard frame.count <= WireLimits.headerBytes + WireLimits.bodyBytes else {
      throw WireError(.tooLong, "A frame's body has over \(WireLimits.bodyBytes) bytes.")
    }
    let header = [UInt8](frame.prefix(WireLimits.headerBytes))
    guard Array(header[0..<3]) == magic else {
      throw WireError(.wrongMagic, "A frame does not begin with Coppice's mark.")
    }
    guard header[3] == majorVersion else {
      throw WireError(
        .wrongVersion(header[3]), "A frame is of protocol \(header[3]); this build speaks \(majorVersion).",
        remedy: "Use the same version of Coppice on both sides.")
    }
    guard header[5] == 0, header[6] == 0, header[7] == 0 else {
      throw WireError(.reservedBytesSet, "A frame's reserved bytes are not zero.")
    }
    return (
      FrameHeader(type: header[4], epoch: integer(header[8..<16]), sequence: integer(header[16..<24])),
      Data(frame.dropFirst(WireLimits.headerBytes))
    )
  }

  private static func bytes(of value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
