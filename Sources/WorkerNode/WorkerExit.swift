import Support
import WireProtocol

/// Why a worker ended.
package enum WorkerExit: Hashable, Sendable {
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

  /// What the process ends with: a supervisor starts it again unless that cannot help.
  package var exitCode: ExitCode {
    switch self {
    case .finished, .stopped: .success
    case .rejected: .configuration
    case .foreignRun, .orphaned, .lifelineCut: .temporary
    }
  }
}
