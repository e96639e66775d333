import Evaluation
import Foundation
import StudyModel
import Support
import WireProtocol

/// The engine's side of the two pipes to its worker: takes a study, then runs one assignment after another.
///
/// Every assignment is answered by one result or failure. Standard output and error are the log; the worker keeps
/// their end.
package final class TrialHost {
  private let channel: EngineChannel
  private let threads: Int
  private let fault: FaultInjection?
  private let log: (String) -> Void
  private let now: () -> Double
  private var memory = MemoryWatch()
  private var runner: EvaluationRunner?

  /// Reports of progress are at least this many seconds apart, but for the beginnings of steps.
  private let reportInterval = 0.5

  package init(
    channel: EngineChannel, threads: Int, fault: FaultInjection? = FaultInjection(),
    now: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime },
    log: @escaping (String) -> Void = { FileHandle.standardError.write(Data(($0 + "\n").utf8)) }
  ) {
    self.channel = channel
    self.threads = threads
    self.fault = fault
    self.now = now
    self.log = log
  }

  /// Runs until no more commands come. `onEnd` is told so at once, on another thread, even in the middle of a step: the
  /// engine's process ends there, since nobody is left to read a result.
  package func run(onEnd: @escaping @Sendable (EndOfCommands) -> Void) throws -> EndOfCommands {
    let listener = CommandListener(channel: channel, onEnd: onEnd)
    while let command = listener.next() {
      switch command {
      case .study(let context): try begin(context)
      case .begin(let assignment): try run(assignment)
      }
    }
    return listener.end ?? .closed
  }

  private func begin(_ context: StudyContext) throws {
    do {
      let start = now()
      runner = nil
      runner = try EvaluationRunner(context: context, threads: threads)
      log("Study '\(context.spec.study)' loaded in \(Units.duration(seconds: now() - start)) with \(threads) threads.")
    } catch {
      try fail(nil, error)
    }
  }

  private func run(_ assignment: Assignment) throws {
    do {
      guard var runner else {
        throw EvaluationError(.protocolFault, "An assignment came before a study that can be used.")
      }
      log("Trial \(assignment.key.trial), rung \(assignment.key.rung) (\(assignment.key.purpose.rawValue)) begins.")
      let result = try runner.run(assignment, progress: reporter(for: assignment))
      if let fault = result.fault {
        throw EvaluationError(.diverged, "The evaluation measured what cannot be: \(fault).")
      }
      try channel.send(.result(lease: assignment.lease, result))
    } catch let error as WireError {
      // The worker cannot be told that it cannot be told.
      throw error
    } catch {
      try fail(assignment.lease, error)
    }
    if let growth = memory.excessGrowth() {
      log("Memory has grown by \(Units.bytes(growth)) since the first evaluation.")
    }
  }

  private func reporter(for assignment: Assignment) -> EvaluationProgress {
    let start = now()
    var lastStep: EvaluationStep?
    var lastReport = start
    return { [self] step, fraction in
      let time = now()
      if time - start > assignment.timeLimit {
        throw EvaluationError(
          .timeLimit,
          "The evaluation took longer than \(Units.duration(seconds: assignment.timeLimit)), at step '\(step.rawValue)'."
        )
      }
      if step != lastStep {
        lastStep = step
        try fault?.fire(at: step)
      } else if time - lastReport < reportInterval {
        return
      }
      lastReport = time
      try channel.send(
        .progress(
          lease: assignment.lease, step: step.rawValue,
          fraction: step.overallShare(fraction, fineTunes: assignment.toEpochs > assignment.fromEpochs)))
    }
  }

  private func fail(_ lease: LeaseID?, _ error: any Error) throws {
    let failureClass = FailureClass(of: error)
    let described = error as? any DescribedError
    let message = described?.message ?? "\(error)."
    log("Failed (\(failureClass.rawValue)): \(message)")
    try channel.send(
      .failed(lease: lease, failureClass: failureClass, message: message, remedy: described?.remedy))
  }
}
