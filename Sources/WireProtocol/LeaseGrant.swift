import Foundation
import StudyModel
import Support

/// One evaluation for one worker.
package struct LeaseGrant: WirePayload {
  package let assignment: Assignment

  package var lease: LeaseID { assignment.lease }

  package init(_ assignment: Assignment) { self.assignment = assignment }

  init(_ proto: ProtoLease) throws {
    let assignment: Assignment = try Field.canonical(proto.assignment, "assignment", of: "LEASE")
    let key = assignment.key
    guard
      try Field.lease(proto.lease, of: "LEASE") == assignment.lease, proto.trial == key.trial.value,
      proto.rung == Int64(key.rung), proto.purpose == key.purpose.rawValue, proto.attempt == assignment.attempt
    else {
      throw WireError.invalid("LEASE", "assignment", "another lease's (\(assignment.lease))")
    }
    guard assignment.timeLimit.isFinite, assignment.timeLimit > 0 else {
      throw WireError.invalid("LEASE", "time limit", assignment.timeLimit)
    }
    self.assignment = assignment
  }

  func makeProto() throws -> ProtoLease {
    var proto = ProtoLease()
    proto.lease = assignment.lease.value
    proto.trial = assignment.key.trial.value
    proto.rung = Int64(assignment.key.rung)
    proto.purpose = assignment.key.purpose.rawValue
    proto.attempt = UInt32(clamping: assignment.attempt)
    proto.assignment = try CanonicalBytes.encode(assignment)
    return proto
  }
}
