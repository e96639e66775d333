import StudyModel

/// A failed attempt, sent until it is acknowledged.
package struct FailureReport: WirePayload {
  package var lease: LeaseID
  package var failure: EvaluationFailure

  package init(lease: LeaseID, failure: EvaluationFailure) {
    self.lease = lease
    self.failure = failure
  }

  init(_ proto: ProtoFail) throws {
    lease = try Field.lease(proto.lease, of: "FAIL")
    failure = EvaluationFailure(
      failureClass: try Field.choice(proto.failureClass, "class", of: "FAIL"),
      message: try Field.text(proto.message, limit: WireLimits.textBytes, "message", of: "FAIL"),
      exitStatus: proto.hasExitStatus ? Int(proto.exitStatus) : nil, signal: proto.hasSignal ? Int(proto.signal) : nil,
      logTail: try Field.text(proto.logTail, limit: WireLimits.logTailBytes, "log tail", of: "FAIL"))
  }

  /// Texts over their limits are cut: the message's end, the log's beginning.
  func makeProto() -> ProtoFail {
    var proto = ProtoFail()
    proto.lease = lease.value
    proto.failureClass = failure.failureClass.rawValue
    proto.message = Field.clipped(failure.message, to: WireLimits.textBytes)
    if let status = failure.exitStatus { proto.exitStatus = Int32(clamping: status) }
    if let signal = failure.signal { proto.signal = Int32(clamping: signal) }
    proto.logTail = Field.clipped(failure.logTail, to: WireLimits.logTailBytes, keepingEnd: true)
    return proto
  }
}
