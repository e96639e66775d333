import Foundation
import StudyModel

/// What a worker says to the coordinator.
package enum WorkerMessage: Hashable, Sendable {
  case hello(Hello)
  case ready(Ready)
  case ping(Ping)
  case result(ResultReport)
  case failed(FailureReport)
  /// The lease goes back to waiting; the attempt is not charged.
  case release(LeaseID)
  case bye(ByeReason)

  /// The whole frame; throws `WireError` `.tooLong` when it would not fit.
  package func encode(epoch: UInt64, sequence: UInt64) throws -> Data {
    let payload: any WirePayload =
      switch self {
      case .hello(let hello): hello
      case .ready(let ready): ready
      case .ping(let ping): ping
      case .result(let report): report
      case .failed(let report): report
      case .release(let lease): LeaseRelease(lease: lease)
      case .bye(let reason): Farewell(reason: reason)
      }
    return try FrameHeader(type: kind.rawValue, epoch: epoch, sequence: sequence).framing(payload.encodeBody())
  }

  /// Reads a frame from a peer; throws `WireError` on anything that is not one whole, valid message.
  package static func decode(_ frame: Data) throws -> Envelope<WorkerMessage> {
    let (header, body) = try FrameHeader.split(frame)
    guard let kind = Kind(rawValue: header.type) else {
      throw WireError(.unknownType(header.type), "A worker sent a message of the unknown type \(header.type).")
    }
    let message: WorkerMessage =
      switch kind {
      case .hello: .hello(try .decodeBody(body))
      case .ready: .ready(try .decodeBody(body))
      case .ping: .ping(try .decodeBody(body))
      case .result: .result(try .decodeBody(body))
      case .failed: .failed(try .decodeBody(body))
      case .release: .release(try LeaseRelease.decodeBody(body).lease)
      case .bye: .bye(try Farewell.decodeBody(body).reason)
      }
    return Envelope(epoch: header.epoch, sequence: header.sequence, message: message)
  }

  /// The type byte; never used again for anything else.
  private enum Kind: UInt8 {
    case hello = 1
    case ready = 2
    case ping = 3
    case result = 4
    case failed = 5
    case release = 6
    case bye = 7
  }

  private var kind: Kind {
    switch self {
    case .hello: .hello
    case .ready: .ready
    case .ping: .ping
    case .result: .result
    case .failed: .failed
    case .release: .release
    case .bye: .bye
    }
  }
}
