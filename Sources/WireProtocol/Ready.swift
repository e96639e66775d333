/// How many evaluations a worker could begin now: a total, not an addition.
package struct Ready: WirePayload {
  package var freeSlots: Int

  package init(freeSlots: Int) { self.freeSlots = freeSlots }

  init(_ proto: ProtoReady) { freeSlots = Int(proto.freeSlots) }

  func makeProto() -> ProtoReady {
    var proto = ProtoReady()
    proto.freeSlots = UInt32(clamping: freeSlots)
    return proto
  }
}
