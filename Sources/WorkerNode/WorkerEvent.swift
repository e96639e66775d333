import Launching
import WireProtocol

/// What happens to a worker.
package enum WorkerEvent: Hashable, Sendable {
  /// Once, first.
  case started
  /// `nextDeadline` has come, or may have.
  case tick
  case received(Envelope<CoordinatorMessage>)
  case engineSaid(EngineEvent)
  /// The engine's pipe holds what no engine writes, or was closed by a living engine.
  case engineBroke(String)
  /// After all that it said.
  case engineEnded(Exit, logTail: String)
  /// No process came into being; `isRetriable` where that may pass (too many processes, too little memory).
  case engineStartFailed(String, isRetriable: Bool)
  /// Somebody asks this worker to end in good order.
  case stopRequested
  /// The parent is gone.
  case lifelineCut
}
