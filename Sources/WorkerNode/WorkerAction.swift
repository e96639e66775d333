import StudyModel
import WireProtocol

/// What a worker's shell is to do, in this order, before the next event.
package enum WorkerAction: Hashable, Sendable {
  /// Drop the connection, if there is one, and make a new one with a routing id never used before.
  case openSocket
  case send(WorkerMessage, epoch: UInt64)
  /// Make the result durable; what follows may announce it.
  case spool(ResultReport, run: String)
  case unspool(LeaseID, run: String)
  case startEngine
  case tellEngine(EngineCommand)
  /// SIGKILL to the engine and its children; `engineEnded` follows.
  case killEngine
  case log(String)
  /// The last action.
  case exit(WorkerExit)
}
