import Evaluation
import Foundation

/// A failure on demand, for tests that need an engine to die at a known place; it never fires unless the environment
/// asks.
///
/// `COPPICE_FAULT=engine-exit-at:fine-tune` (or `engine-kill-at`, `engine-hang-at`, `engine-throw-at`, with any
/// step's name) fires when that step begins; `COPPICE_FAULT_ONCE=FILE` lets it fire only in the process that manages
/// to make that file.
package struct FaultInjection: Hashable, Sendable {
  package enum Action: String, Hashable, Sendable, CaseIterable {
    case exit = "engine-exit-at"
    case kill = "engine-kill-at"
    case hang = "engine-hang-at"
    case `throw` = "engine-throw-at"
  }

  package let action: Action
  package let step: EvaluationStep
  private let onceFile: String?

  /// Nil without a request; one that cannot be understood is none.
  package init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let parts = (environment["COPPICE_FAULT"] ?? "").split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2, let action = Action(rawValue: parts[0]), let step = EvaluationStep(rawValue: parts[1])
    else { return nil }
    self.action = action
    self.step = step
    onceFile = environment["COPPICE_FAULT_ONCE"]
  }

  /// Fails if this is the step and its time has come.
  package func fire(at step: EvaluationStep) throws {
    guard step == self.step, isArmed() else { return }
    switch action {
    case .exit: _exit(1)
    case .kill: kill(getpid(), SIGKILL)
    case .hang: while true { sleep(1000) }
    case .throw:
      throw EvaluationError(.injectedFault, "A fault was asked for at the step '\(step.rawValue)'.")
    }
  }

  private func isArmed() -> Bool {
    guard let onceFile else { return true }
    let descriptor = open(onceFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }
}
