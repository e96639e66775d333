import StudyModel

// The messages that say one thing about one lease; callers see them as cases of WorkerMessage and CoordinatorMessage.

/// A lease given back unfinished, through no fault of the evaluation.
struct LeaseRelease: WirePayload {
  var lease: LeaseID

  init(lease: LeaseID) { self.lease = lease }

  init(_ proto: ProtoRelease) throws { lease = try Field.lease(proto.lease, of: "RELEASE") }

  func makeProto() -> ProtoRelease {
    var proto = ProtoRelease()
    proto.lease = lease.value
    return proto
  }
}

/// A lease withdrawn.
struct LeaseCancel: WirePayload {
  var lease: LeaseID

  init(lease: LeaseID) { self.lease = lease }

  init(_ proto: ProtoCancel) throws { lease = try Field.lease(proto.lease, of: "CANCEL") }

  func makeProto() -> ProtoCancel {
    var proto = ProtoCancel()
    proto.lease = lease.value
    return proto
  }
}

/// What became of a RESULT.
struct ResultAcknowledgement: WirePayload {
  var lease: LeaseID
  var status: ResultStatus

  init(lease: LeaseID, status: ResultStatus) {
    self.lease = lease
    self.status = status
  }

  init(_ proto: ProtoResultAck) throws {
    lease = try Field.lease(proto.lease, of: "RESULT_ACK")
    status = try Field.choice(proto.status, "status", of: "RESULT_ACK")
  }

  func makeProto() -> ProtoResultAck {
    var proto = ProtoResultAck()
    proto.lease = lease.value
    proto.status = status.rawValue
    return proto
  }
}

/// A FAIL has been recorded.
struct FailureAcknowledgement: WirePayload {
  var lease: LeaseID

  init(lease: LeaseID) { self.lease = lease }

  init(_ proto: ProtoFailAck) throws { lease = try Field.lease(proto.lease, of: "FAIL_ACK") }

  func makeProto() -> ProtoFailAck {
    var proto = ProtoFailAck()
    proto.lease = lease.value
    return proto
  }
}
