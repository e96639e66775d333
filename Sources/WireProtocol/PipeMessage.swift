import Foundation

/// A message on an engine's pipes: its protobuf body behind 4 big-endian bytes of its length.
protocol PipeMessage {
  init(pipeBody: Data) throws
  func pipeBody() throws -> Data
}

extension PipeMessage {
  func pipeBytes() throws -> Data {
    let body = try pipeBody()
    guard body.count <= WireLimits.pipeMessageBytes else {
      throw WireError(
        .tooLong, "Cannot send \(body.count) bytes over an engine's pipe: the limit is \(WireLimits.pipeMessageBytes).",
        remedy: "What is large must travel as an artifact.")
    }
    var bytes = Data(capacity: 4 + body.count)
    for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: body.count >> shift)) }
    bytes.append(body)
    return bytes
  }
}

extension EngineCommand {
  /// The message as it goes over the pipe, length included.
  package func encode() throws -> Data { try pipeBytes() }
}

extension EngineEvent {
  /// The message as it goes over the pipe, length included.
  package func encode() throws -> Data { try pipeBytes() }
}
