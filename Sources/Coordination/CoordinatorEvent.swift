import Launching
import StudyModel
import StudyStore
import Support
import WireProtocol

/// A connection to a worker: the routing id by which messages reach it. It proves nothing about who is at the other end.
package struct PeerID: Hashable, Sendable, Comparable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

/// What happens to a coordinator.
package enum CoordinatorEvent: Sendable {
  case message(Envelope<WorkerMessage>, from: PeerID)
  /// A RESULT whose artifacts are not in the store.
  case incompleteResult(Envelope<WorkerMessage>, from: PeerID, missing: String)
  /// A message could not be handed to the connection.
  case undeliverable(to: PeerID)
  /// A worker process that this coordinator started has ended.
  case workerExited(processID: UInt32, Exit)
  /// The user wants to stop; what was reached is kept.
  case stopRequested
  /// The study's disk was looked at.
  case storage(StorageReport)
  /// Time has passed.
  case tick
}

/// What a coordinator does about it, in this order.
package enum CoordinatorAction: Hashable, Sendable {
  /// Stored as one transaction before anything that follows is done; when that fails, the coordinator ends.
  case commit([StudyChange], elapsed: Double)
  /// Removed from the artifact store, after the commit that tells of it.
  case evict([Digest])
  case send(CoordinatorMessage, to: PeerID)
  case end(StudyOutcome)
}

/// How a coordinator's run ended.
package enum StudyOutcome: Hashable, Sendable {
  case finished
  /// At the user's wish; it can be resumed.
  case stopped
  case failed(CoordinationError)
}
