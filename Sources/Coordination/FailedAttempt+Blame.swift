import Foundation
import Launching
import StudyModel
import StudyStore

/// Whose fault a failure is, said once for what workers report and for how workers end.
extension FailedAttempt.Kind {
  /// Of a failure that a living worker reported of its engine.
  init(reported failure: EvaluationFailure) {
    switch failure.failureClass {
    // The host was taken away, its disk is full, or what the evaluation starts from is gone: none of it says anything of the
    // evaluation.
    case .preempted, .diskFull, .checkpointGone:
      self = .loss
      return
    case .transient, .deterministic, .resource, .badInput, .internal: break
    }
    switch failure.signal.map({ Int32(clamping: $0) }) {
    // Somebody stopped it: a person at a terminal, a host that shuts down.
    case SIGINT, SIGHUP, SIGQUIT: self = .loss
    // The kernel, or a guard of its memory, chose this process: it may have been the largest and not the cause.
    case SIGKILL, SIGTERM: self = .suspicion
    default: self = .own
    }
  }

  /// Of the end of a worker's own process, with a lease.
  init(workerEnded exit: Exit) {
    switch exit {
    case .signal(SIGINT), .signal(SIGHUP), .signal(SIGQUIT), .signal(SIGTERM): self = .loss
    case .code(0), .code(EX_TEMPFAIL), .code(130): self = .loss
    case .signal, .code: self = .suspicion
    }
  }
}
