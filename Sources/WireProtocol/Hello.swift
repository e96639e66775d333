import Foundation
import StudyModel
import Support

/// A worker introduces itself, at its start and whenever it lost its coordinator.
package struct Hello: WirePayload {
  package var protocols: ClosedRange<UInt32>
  /// Which build of Coppice the worker is.
  package var build: String
  package var incarnation: Incarnation
  package var host: String
  /// A name for people, unique within one fleet at best.
  package var label: String
  package var processID: UInt32
  package var device: String
  package var slots: Int
  /// The run that it belongs to; empty before its first welcome.
  package var run: String
  /// Leases whose evaluation is running.
  package var heldLeases: [LeaseID]
  /// Leases whose result is on its disk and not acknowledged; the results follow the welcome.
  package var spooledLeases: [LeaseID]
  /// Nil where the worker has no engine that makes figures of its own.
  package var engine: EngineIdentity?

  package init(
    protocols: ClosedRange<UInt32> = WireLimits.protocolVersions, build: String, incarnation: Incarnation, host: String,
    label: String, processID: UInt32, device: String, slots: Int, run: String = "", heldLeases: [LeaseID] = [],
    spooledLeases: [LeaseID] = [], engine: EngineIdentity? = nil
  ) {
    self.protocols = protocols
    self.build = build
    self.incarnation = incarnation
    self.host = host
    self.label = label
    self.processID = processID
    self.device = device
    self.slots = slots
    self.run = run
    self.heldLeases = heldLeases
    self.spooledLeases = spooledLeases
    self.engine = engine
  }

  init(_ proto: ProtoHello) throws {
    guard proto.protocolMinimum > 0, proto.protocolMinimum <= proto.protocolMaximum else {
      throw WireError.invalid("HELLO", "protocol range", "\(proto.protocolMinimum)...\(proto.protocolMaximum)")
    }
    guard let incarnation = Incarnation(bytes: proto.incarnation) else {
      throw WireError.invalid("HELLO", "incarnation", "\(proto.incarnation.count) bytes")
    }
    guard (1...1024).contains(proto.slots) else { throw WireError.invalid("HELLO", "slots", proto.slots) }
    protocols = proto.protocolMinimum...proto.protocolMaximum
    build = try Field.text(proto.build, limit: WireLimits.nameBytes, "build", of: "HELLO")
    self.incarnation = incarnation
    host = try Field.text(proto.host, limit: WireLimits.nameBytes, "host", of: "HELLO")
    label = try Field.text(proto.label, limit: WireLimits.nameBytes, "label", of: "HELLO")
    processID = proto.process
    device = try Field.text(proto.device, limit: WireLimits.nameBytes, "device", of: "HELLO")
    slots = Int(proto.slots)
    run = try Field.text(proto.run, limit: WireLimits.nameBytes, "run", of: "HELLO")
    heldLeases = try proto.heldLeases.map { try Field.lease($0, of: "HELLO") }
    spooledLeases = try proto.spooledLeases.map { try Field.lease($0, of: "HELLO") }
    engine = try Self.engine(of: proto)
  }

  private static func engine(of proto: ProtoHello) throws -> EngineIdentity? {
    guard !proto.engineSources.isEmpty else { return nil }
    guard let sources = Digest(hex: proto.engineSources) else {
      throw WireError.invalid("HELLO", "engine's sources", proto.engineSources)
    }
    return EngineIdentity(
      sources: sources,
      libtorch: try Field.text(proto.engineLibtorch, limit: WireLimits.nameBytes, "engine's libtorch", of: "HELLO"),
      instructionSet: try Field.text(
        proto.engineInstructions, limit: WireLimits.nameBytes, "engine's instruction set", of: "HELLO"))
  }

  func makeProto() -> ProtoHello {
    var proto = ProtoHello()
    proto.protocolMinimum = protocols.lowerBound
    proto.protocolMaximum = protocols.upperBound
    proto.build = Field.clipped(build, to: WireLimits.nameBytes)
    proto.incarnation = Data(incarnation.bytes)
    proto.host = Field.clipped(host, to: WireLimits.nameBytes)
    proto.label = Field.clipped(label, to: WireLimits.nameBytes)
    proto.process = processID
    proto.device = Field.clipped(device, to: WireLimits.nameBytes)
    proto.slots = UInt32(clamping: slots)
    proto.run = run
    proto.heldLeases = heldLeases.map(\.value)
    proto.spooledLeases = spooledLeases.map(\.value)
    if let engine {
      proto.engineSources = engine.sources.hex
      proto.engineLibtorch = Field.clipped(engine.libtorch, to: WireLimits.nameBytes)
      proto.engineInstructions = Field.clipped(engine.instructionSet, to: WireLimits.nameBytes)
    }
    return proto
  }
}
