import Foundation
import StudyModel
import Support

/// What an engine tells its worker.
package enum EngineEvent: Hashable, Sendable {
  /// A sign of life: the current step's name and the share of the whole evaluation that is done, 0 to 1.
  case progress(lease: LeaseID, step: String, fraction: Double)
  /// `retires` when the engine holds too much memory: it is to be replaced, and runs nothing more.
  case result(lease: LeaseID, EvaluationResult, retires: Bool = false)
  /// The attempt failed in a way that the engine could tell; no lease when the study itself cannot be used.
  case failed(lease: LeaseID?, failureClass: FailureClass, message: String, remedy: String?)
}

extension EngineEvent: PipeMessage {
  init(pipeBody: Data) throws {
    switch try ProtoEngineEventMessage.strictly(from: pipeBody).event {
    case .progress(let progress):
      self = .progress(
        lease: try Field.lease(progress.lease, of: "Progress"),
        step: try Field.text(progress.step, limit: WireLimits.nameBytes, "step", of: "Progress"),
        fraction: try Field.finite(progress.fraction, in: 0...1, "fraction", of: "Progress"))
    case .result(let result):
      self = .result(
        lease: try Field.lease(result.lease, of: "Result"),
        try Field.canonical(result.result, "result", of: "Result"), retires: result.retires)
    case .fail(let fail):
      self = .failed(
        lease: fail.hasLease ? try Field.lease(fail.lease, of: "Fail") : nil,
        failureClass: try Field.choice(fail.failureClass, "class", of: "Fail"),
        message: Field.clipped(fail.message, to: WireLimits.textBytes),
        remedy: fail.remedy.isEmpty ? nil : Field.clipped(fail.remedy, to: WireLimits.textBytes))
    case nil: throw WireError(.malformedBody, "An engine's event is empty or of an unknown kind.")
    }
  }

  func pipeBody() throws -> Data {
    var proto = ProtoEngineEventMessage()
    switch self {
    case .progress(let lease, let step, let fraction):
      proto.progress.lease = lease.value
      proto.progress.step = Field.clipped(step, to: WireLimits.nameBytes)
      // Rounding may carry a sum of shares a little past its end.
      proto.progress.fraction = fraction.isNaN ? 0 : min(1, max(0, fraction))
    case .result(let lease, let result, let retires):
      proto.result.lease = lease.value
      proto.result.result = try CanonicalBytes.encode(result)
      proto.result.retires = retires
    case .failed(let lease, let failureClass, let message, let remedy):
      if let lease { proto.fail.lease = lease.value }
      proto.fail.failureClass = failureClass.rawValue
      proto.fail.message = Field.clipped(message, to: WireLimits.textBytes)
      proto.fail.remedy = Field.clipped(remedy ?? "", to: WireLimits.textBytes)
    }
    return try proto.serializedBytes()
  }
}
