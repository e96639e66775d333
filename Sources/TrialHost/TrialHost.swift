import Evaluation
import Foundation
import Logging
import StudyModel
import Support
import WireProtocol

/// The engine's side of the two pipes to its worker: takes a study, then runs one assignment after another.
///
/// Every assignment is answered by one result or failure. Standard output and error are the log, which the
/// worker takes into its own. A result that came with too much memory says that this engine is to be replaced; it runs nothing
/// after that.
package final class TrialHost {
  private let channel: EngineChannel
  private let threads: Int
  private let fault: FaultInjection?
  private let logger: Logger
  private let now: () -> Double
  private let residentBytes: () -> Int?
  private var memory: MemoryWatch
  /// A study that is not loaded yet: that takes time, so it belongs to the first assignment, which can tell.
  private var newStudy: StudyContext?
  private var runner: EvaluationRunner?
  private var retires = false

  /// Reports of progress are at least this many seconds apart, but for the beginnings of steps.
  private let reportInterval = 0.5

  package init(
    channel: EngineChannel, threads: Int, fault: FaultInjection? = FaultInjection(),
    now: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime },
    residentBytes: (() -> Int?)? = nil, logger: Logger
  ) {
    self.residentBytes = residentBytes ?? MemoryWatch.residentBytes
    memory = MemoryWatch(limit: nil, residentBytes: self.residentBytes)
    self.channel = channel
    self.threads = threads
    self.fault = fault
    self.now = now
    self.logger = logger
  }

  /// Runs until no more commands come. `onEnd` is told so at once, on another thread, even in the middle of a step: the
  /// engine's process ends there, since nobody is left to read a result.
  package func run(onEnd: @escaping @Sendable (EndOfCommands) -> Void) throws -> EndOfCommands {
    let listener = CommandListener(channel: channel, onEnd: onEnd)
    while let command = listener.next() {
      switch command {
      case .study(let context):
        newStudy = context
        runner = nil
      case .begin(let assignment): if !retires { try run(assignment) }
      }
    }
    return listener.end ?? .closed
  }

  private func load(_ context: StudyContext, _ progress: @escaping EvaluationProgress) throws {
    let start = now()
    memory = MemoryWatch(limit: context.spec.memoryLimit, residentBytes: residentBytes)
    runner = try EvaluationRunner(
      context: context, threads: threads, progress: WorkProgress { try progress(.load, $0) })
    logger.info(
      "Study '\(context.spec.study)' loaded in \(Units.duration(seconds: now() - start)) with \(threads) threads.")
  }

  private func run(_ assignment: Assignment) throws {
    let progress = reporter(for: assignment)
    if let context = newStudy {
      newStudy = nil
      do {
        try load(context, progress)
      } catch let error as WireError {
        throw error
      } catch {
        // The time limit is the assignment's; whatever else stops the loading would stop every other one, too.
        let isLate = (error as? EvaluationError)?.code == .timeLimit
        return try fail(isLate ? assignment.lease : nil, error)
      }
    }
    do {
      guard var runner else {
        throw EvaluationError(.protocolFault, "An assignment came before a study that can be used.")
      }
      logger.debug(
        "Trial \(assignment.key.trial), rung \(assignment.key.rung) (\(assignment.key.purpose.rawValue)) begins.")
      let result = try runner.run(assignment, progress: progress)
      if let fault = result.fault {
        throw EvaluationError(.diverged, "The evaluation measured what cannot be: \(fault).")
      }
      if let excess = memory.excess() {
        retires = true
        logger.notice("\(excess) A fresh engine goes on.")
      }
      try channel.send(.result(lease: assignment.lease, result, retires: retires))
    } catch let error as WireError {
      // The worker cannot be told that it cannot be told.
      throw error
    } catch {
      try fail(assignment.lease, error)
    }
  }

  private func reporter(for assignment: Assignment) -> EvaluationProgress {
    let start = now()
    var lastStep: EvaluationStep?
    var lastReport = start
    var highest = 0.0
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
      // Steps come back where a plan cuts several times.
      highest = max(
        highest, step.overallShare(fraction, fineTunes: assignment.toEpochs > assignment.fromEpochs))
      try channel.send(.progress(lease: assignment.lease, step: step.rawValue, fraction: highest))
    }
  }

  private func fail(_ lease: LeaseID?, _ error: any Error) throws {
    let failureClass = FailureClass(of: error)
    let described = error as? any DescribedError
    let message = described?.message ?? "\(error)."
    logger.warning("Failed (\(failureClass.rawValue)): \(message)\(described?.remedy.map { " \($0)" } ?? "")")
    try channel.send(
      .failed(lease: lease, failureClass: failureClass, message: message, remedy: described?.remedy))
  }
}
