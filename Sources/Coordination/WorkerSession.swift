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
  /// Its engine has been heard of: what it is given next starts without an engine being loaded first.
  var hasRun = false
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

  var asWorker: FailureRule.Worker { FailureRule.Worker(name: name, host: host) }

  func isProcess(of hello: Hello) -> Bool { host == hello.host && processID == hello.processID }
}

/// A lease that runs, as far as this coordinator's memory goes.
struct OpenLease: Hashable, Sendable {
  let key: EvaluationKey
  var holder: Incarnation
  let host: String
  let grantedAt: Double
  var expiresAt: Double
  /// The worker has mentioned it.
  var isConfirmed = false
  /// Nothing else is to be leased on its host.
  var needsQuiet = false
  /// Something else had a lease on its host, or may have had.
  var hadCompany = false
  /// It was granted without a checkpoint, to make its parent's network again.
  var rebuildsParent = false
  /// Since when another process has its worker's name on its host.
  var successorAt: Double?
  var step = ""
  var fraction = 0.0
}
