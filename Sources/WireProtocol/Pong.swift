/// The answer to a PING; any message of the coordinator serves as well.
struct Pong: WirePayload {
  init() {}

  init(_ proto: ProtoPong) {}

  func makeProto() -> ProtoPong { ProtoPong() }
}
