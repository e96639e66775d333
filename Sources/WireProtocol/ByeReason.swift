/// Why a session ends.
package enum ByeReason: String, Hashable, Sendable, CaseIterable {
  /// The search is over: workers exit, and what they still hold is of no use.
  case finished
  /// The sender stops and may come back: a coordinator's workers go on with their evaluations and look for it.
  case stopping
}

/// The sender ends the session.
struct Farewell: WirePayload {
  var reason: ByeReason

  init(reason: ByeReason) { self.reason = reason }

  init(_ proto: ProtoBye) throws { reason = try Field.choice(proto.reason, "reason", of: "BYE") }

  func makeProto() -> ProtoBye {
    var proto = ProtoBye()
    proto.reason = reason.rawValue
    return proto
  }
}
