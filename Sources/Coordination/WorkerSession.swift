import StudyModel
import WireProtocol

/// A worker that said HELLO, as the coordinator sees it.
struct WorkerSession: Hashable, Sendable {
  var peer: PeerID
  let incarnation: Incarnation
  let name: String
  let host: String
  let processID: UInt32
  let slots: Int
  /// As last told, less what was granted since.
  var freeSlots = 0
  var lastHeard: Double
  /// Of the newest message, by which older ones that come later are known.
  var lastSequence: UInt64

  init(_ hello: Hello, peer: PeerID, sequence: UInt64, now: Double) {
    self.peer = peer
    incarnation = hello.incarnation
    name = hello.label.isEmpty ? "\(hello.host):\(hello.processID)" : hello.label
    host = hello.host
    processID = hello.processID
    slots = hello.slots
    lastHeard = now
    lastSequence = sequence
  }

  func isProcess(of hello: Hello) -> Bool { host == hello.host && processID == hello.processID }
}

/// A lease that runs, as far as this coordinator's memory goes.
struct OpenLease: Hashable, Sendable {
  let key: EvaluationKey
  var holder: Incarnation
  let grantedAt: Double
  var expiresAt: Double
  /// The worker has mentioned it.
  var isConfirmed = false
  var step = ""
  var fraction = 0.0
}
