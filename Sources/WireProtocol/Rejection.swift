/// The answer to a HELLO, or to any message of a worker that the coordinator does not know.
package struct Rejection: WirePayload {
  package enum Code: String, Hashable, Sendable, CaseIterable {
    /// No protocol version in common; the worker exits for good.
    case version
    case authentication
    /// Another engine than the run's: its figures would not be the same; the worker exits for good.
    case engine
    /// Another live worker has this incarnation; the worker picks a new one.
    case duplicateIncarnation = "duplicate-incarnation"
    /// Too many failures; the worker may ask again later.
    case quarantined
    /// No work will be given any more.
    case draining
    /// The coordinator does not know the session, after its restart, say: the worker says HELLO.
    case unknownSession = "unknown-session"
  }

  package var code: Code
  /// For people.
  package var text: String

  package init(code: Code, text: String) {
    self.code = code
    self.text = text
  }

  init(_ proto: ProtoReject) throws {
    code = try Field.choice(proto.code, "code", of: "REJECT")
    text = try Field.text(proto.text, limit: WireLimits.textBytes, "text", of: "REJECT")
  }

  func makeProto() -> ProtoReject {
    var proto = ProtoReject()
    proto.code = code.rawValue
    proto.text = Field.clipped(text, to: WireLimits.textBytes)
    return proto
  }
}
