import Support
import WireProtocol

/// Why a worker ended.
package enum WorkerExit: Hashable, Sendable, CustomStringConvertible {
  /// The search is over.
  case finished
  /// Asked to by a signal.
  case stopped
  /// The coordinator does not want this worker; trying again will not help.
  case rejected(Rejection)
  /// The coordinator serves another search than the one that this worker began with.
  case foreignRun(String)
  /// No coordinator for the orphan limit.
  case orphaned
  case lifelineCut
  /// The engine cannot be started, so often in a row that this worker is of no use; why, and whether that may pass.
  case engineUnavailable(String, isRetriable: Bool)

  /// What the process ends with: a supervisor starts it again unless that cannot help.
  package var exitCode: ExitCode {
    switch self {
    case .finished, .stopped: .success
    case .rejected: .configuration
    case .foreignRun, .orphaned, .lifelineCut: .temporary
    case .engineUnavailable(_, let isRetriable): isRetriable ? .temporary : .unavailable
    }
  }

  /// What happened and the remedy.
  package var description: String {
    switch self {
    case .finished: "The search is over."
    case .stopped: "It was asked to stop; what it was on is given back."
    case .rejected(let rejection):
      "The coordinator does not want this worker (\(rejection.code.rawValue)): \(rejection.text)"
    case .foreignRun(let run):
      "The coordinator now serves another search (\(run)). Start this worker again to work for that one."
    case .orphaned: "No coordinator answers. Check that it runs and that the address is right."
    case .lifelineCut: "The process that started it is gone."
    case .engineUnavailable(let message, _): "No engine can be started: \(message)"
    }
  }
}
