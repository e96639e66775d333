import Foundation
import StudyModel
import Support

/// The answer to a HELLO that was accepted; the coordinator's epoch is in the frame's header.
package struct Welcome: WirePayload {
  /// The minor version that both speak.
  package var protocolVersion: UInt32
  /// The search's identity, the same over all starts of its coordinator.
  package var run: String
  /// Seconds between the worker's PINGs.
  package var heartbeatInterval: Double
  /// Seconds without a PING after which a lease expires.
  package var leaseLifetime: Double
  /// Seconds without a coordinator after which the worker ends.
  package var orphanLimit: Double
  package var study: StudyContext

  package init(
    protocolVersion: UInt32 = WireLimits.protocolVersions.upperBound, run: String, heartbeatInterval: Double,
    leaseLifetime: Double, orphanLimit: Double, study: StudyContext
  ) {
    self.protocolVersion = protocolVersion
    self.run = run
    self.heartbeatInterval = heartbeatInterval
    self.leaseLifetime = leaseLifetime
    self.orphanLimit = orphanLimit
    self.study = study
  }

  init(_ proto: ProtoWelcome) throws {
    protocolVersion = proto.protocol
    run = try Field.text(proto.run, limit: WireLimits.nameBytes, "run", of: "WELCOME")
    guard !run.isEmpty else { throw WireError.invalid("WELCOME", "run", run) }
    heartbeatInterval = try Field.finite(
      proto.heartbeatInterval, in: 0.001...86_400, "heartbeat interval", of: "WELCOME")
    leaseLifetime = try Field.finite(proto.leaseLifetime, in: 0.001...86_400, "lease lifetime", of: "WELCOME")
    orphanLimit = try Field.finite(proto.orphanLimit, in: 0...1e9, "orphan limit", of: "WELCOME")
    study = try Field.canonical(proto.study, "study", of: "WELCOME")
  }

  func makeProto() throws -> ProtoWelcome {
    var proto = ProtoWelcome()
    proto.protocol = protocolVersion
    proto.run = run
    proto.heartbeatInterval = heartbeatInterval
    proto.leaseLifetime = leaseLifetime
    proto.orphanLimit = orphanLimit
    proto.study = try CanonicalBytes.encode(study)
    guard proto.study.count <= WireLimits.bodyBytes - 1024 else {
      throw WireError(
        .tooLong,
        "The study's description has \(proto.study.count) bytes; workers accept \(WireLimits.bodyBytes - 1024).",
        remedy: "Shorten the spec: its lists of layers, say.")
    }
    return proto
  }
}
