import Foundation
import StudyModel

/// What the coordinator says to a worker.
package enum CoordinatorMessage: Hashable, Sendable {
  case welcome(Welcome)
  case reject(Rejection)
  case lease(LeaseGrant)
  case pong
  /// Sent only once the result is committed, or will never be.
  case resultAcknowledged(LeaseID, ResultStatus)
  case failureAcknowledged(LeaseID)
  /// The lease's work is of no use any more.
  case cancel(LeaseID)
  case bye(ByeReason)

  /// The whole frame; throws `WireError` `.tooLong` when it would not fit.
  package func encode(epoch: UInt64, sequence: UInt64) throws -> Data {
    let payload: any WirePayload =
      switch self {
      case .welcome(let welcome): welcome
      case .reject(let rejection): rejection
      case .lease(let grant): grant
      case .pong: Pong()
      case .resultAcknowledged(let lease, let status): ResultAcknowledgement(lease: lease, status: status)
      case .failureAcknowledged(let lease): FailureAcknowledgement(lease: lease)
      case .cancel(let lease): LeaseCancel(lease: lease)
      case .bye(let reason): Farewell(reason: reason)
      }
    return try FrameHeader(type: kind.rawValue, epoch: epoch, sequence: sequence).framing(payload.encodeBody())
  }

  /// Reads a frame from a peer; throws `WireError` on anything that is not one whole, valid message.
  package static func decode(_ frame: Data) throws -> Envelope<CoordinatorMessage> {
    let (header, body) = try FrameHeader.split(frame)
    guard let kind = Kind(rawValue: header.type) else {
      throw WireError(.unknownType(header.type), "The coordinator sent a message of the unknown type \(header.type).")
    }
    let message: CoordinatorMessage
    switch kind {
    case .welcome: message = .welcome(try .decodeBody(body))
    case .reject: message = .reject(try .decodeBody(body))
    case .lease: message = .lease(try .decodeBody(body))
    case .pong:
      _ = try Pong.decodeBody(body)
      message = .pong
    case .resultAcknowledged:
      let acknowledgement = try ResultAcknowledgement.decodeBody(body)
      message = .resultAcknowledged(acknowledgement.lease, acknowledgement.status)
    case .failureAcknowledged: message = .failureAcknowledged(try FailureAcknowledgement.decodeBody(body).lease)
    case .cancel: message = .cancel(try LeaseCancel.decodeBody(body).lease)
    case .bye: message = .bye(try Farewell.decodeBody(body).reason)
    }
    return Envelope(epoch: header.epoch, sequence: header.sequence, message: message)
  }

  /// The type byte; never used again for anything else.
  private enum Kind: UInt8 {
    case welcome = 129
    case reject = 130
    case lease = 131
    case pong = 132
    case resultAcknowledged = 133
    case failureAcknowledged = 134
    case cancel = 135
    case bye = 136
  }

  private var kind: Kind {
    switch self {
    case .welcome: .welcome
    case .reject: .reject
    case .lease: .lease
    case .pong: .pong
    case .resultAcknowledged: .resultAcknowledged
    case .failureAcknowledged: .failureAcknowledged
    case .cancel: .cancel
    case .bye: .bye
    }
  }
}
