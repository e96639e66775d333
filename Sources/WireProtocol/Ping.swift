import StudyModel

/// A worker lives, with the leases that it holds; renews them.
package struct Ping: WirePayload {
  package var leases: [LeaseProgress]
  /// As in READY, so that a lost READY heals.
  package var freeSlots: Int

  package init(leases: [LeaseProgress], freeSlots: Int) {
    self.leases = leases
    self.freeSlots = freeSlots
  }

  init(_ proto: ProtoPing) throws {
    leases = try proto.leases.map(LeaseProgress.init)
    freeSlots = Int(proto.freeSlots)
  }

  func makeProto() -> ProtoPing {
    var proto = ProtoPing()
    proto.leases = leases.map { $0.makeProto() }
    proto.freeSlots = UInt32(clamping: freeSlots)
    return proto
  }
}

/// How far one evaluation is.
package struct LeaseProgress: WirePayload {
  package var lease: LeaseID
  /// Grows with each sign of life of the engine: a heartbeat alone proves only that the worker lives.
  package var counter: UInt64
  /// 0 to 1.
  package var fraction: Double
  /// The name of the current step.
  package var step: String

  package init(lease: LeaseID, counter: UInt64, fraction: Double, step: String) {
    self.lease = lease
    self.counter = counter
    self.fraction = fraction
    self.step = step
  }

  init(_ proto: ProtoLeaseProgress) throws {
    lease = try Field.lease(proto.lease, of: "PING")
    counter = proto.counter
    fraction = try Field.finite(proto.fraction, in: 0...1, "fraction", of: "PING")
    step = try Field.text(proto.step, limit: WireLimits.nameBytes, "step", of: "PING")
  }

  func makeProto() -> ProtoLeaseProgress {
    var proto = ProtoLeaseProgress()
    proto.lease = lease.value
    proto.counter = counter
    proto.fraction = fraction
    proto.step = Field.clipped(step, to: WireLimits.nameBytes)
    return proto
  }
}
