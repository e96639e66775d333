import Foundation
import Launching
import Logging
import StudyStore
import Support
import Transport

/// The worker processes of an embedded search: started together, restarted when they die, gone with their coordinator.
///
/// All calls from the coordinator's thread: the kernel ties a child's life to the thread that started it.
package final class EmbeddedWorkers {
  /// What a worker is started with.
  package struct Program: Sendable {
    /// A path.
    package var executable: String
    /// The arguments for the worker of that number, from 1. Its standard input is its lifeline, which they must say.
    package var arguments: @Sendable (_ endpoint: String, _ number: Int, _ spool: URL) -> [String]
    /// The whole environment; nil inherits ours.
    package var environment: [String: String]?

    package init(
      executable: String, environment: [String: String]? = nil,
      arguments: @escaping @Sendable (_ endpoint: String, _ number: Int, _ spool: URL) -> [String]
    ) {
      self.executable = executable
      self.environment = environment
      self.arguments = arguments
    }
  }

  package struct Death {
    package let processID: UInt32
    package let exit: Exit
  }

  private struct Slot {
    let number: Int
    var child: ChildProcess?
    var lifeline: Lifeline?
    var token: Poller.Token?
    var pacing = RestartPacing()
  }

  /// How a worker's process is made; tests put failures in its place.
  package typealias Spawning = (ChildProcess.Launch) throws -> ChildProcess

  private let program: Program
  private let folder: StudyFolder
  private let endpoint: String
  private let poller: Poller
  private let logger: Logger
  private let spawn: Spawning
  private var slots: [Slot]
  /// What ended the last worker that ended, or kept it from starting.
  private var lastFailure = (worker: 1, reason: "")

  package init(
    _ program: Program, count: Int, folder: StudyFolder, endpoint: String, poller: Poller, logger: Logger,
    spawn: @escaping Spawning = ChildProcess.spawn
  ) {
    self.program = program
    self.logger = logger
    self.spawn = spawn
    self.folder = folder
    self.endpoint = endpoint
    self.poller = poller
    slots = (0..<count).map { Slot(number: $0 + 1) }
  }

  deinit { stop(within: 0) }

  /// Starts every worker whose time has come; one that cannot be started is tried again later. Throws `workersFail` when
  /// none of them can be.
  package func start(now: Double) throws {
    for index in slots.indices where slots[index].child == nil && now >= slots[index].pacing.nextStart {
      do {
        try start(&slots[index], now: now)
      } catch {
        let mayPass = (error as? LaunchError)?.isRetriable ?? false
        slots[index].pacing.failedToStart(now: now, mayPass: mayPass)
        lastFailure = (slots[index].number, "\(error)")
        logger.warning("Worker \(slots[index].number) cannot be started: \(error)")
      }
    }
    try checkHope(now: now)
  }

  /// When a worker is to be started next.
  package var nextStart: Double? { slots.filter { $0.child == nil }.map(\.pacing.nextStart).min() }

  /// Reaps workers that have ended, and plans their successors.
  package func reap(now: Double) throws -> [Death] {
    var deaths: [Death] = []
    for index in slots.indices {
      guard let child = slots[index].child, let exit = try child.reap() else { continue }
      deaths.append(Death(processID: UInt32(child.pid), exit: exit))
      lastFailure = (slots[index].number, "it ended with \(exit)\(lastWords(ofWorker: slots[index].number))")
      logger.warning(
        "Worker \(slots[index].number) (process \(child.pid)) ended with \(exit).",
        metadata: ["log": "\(folder.log(ofWorker: slots[index].number).path)"])
      if let token = slots[index].token { poller.unwatch(token) }
      slots[index].pacing.ended(now: now)
      (slots[index].child, slots[index].lifeline, slots[index].token) = (nil, nil, nil)
    }
    if !deaths.isEmpty { try checkHope(now: now) }
    return deaths
  }

  private func checkHope(now: Double) throws {
    guard slots.allSatisfy({ $0.child == nil && $0.pacing.isHopeless(now: now) }) else { return }
    throw CoordinationError(
      .workersFail, "No worker stays alive. Worker \(lastFailure.worker), the last one: \(lastFailure.reason)",
      remedy: "Mend that ('\(folder.log(ofWorker: lastFailure.worker).path)' may say more), then --resume.")
  }

  /// The last line of a worker's log, for a message that is read without it.
  private func lastWords(ofWorker number: Int) -> String {
    guard let file = try? ReadOnlyFile(folder.log(ofWorker: number).path, followsLinks: false),
      let bytes = try? file.read(offset: max(0, file.size - 1024), count: min(1024, file.size)),
      let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").last
    else { return "." }
    return "; its last words: \(line)"
  }

  /// Cuts the lifelines, gives the workers `seconds` to end, then kills them.
  package func stop(within seconds: Double) {
    for slot in slots { slot.lifeline?.cut() }
    let end = Poller.now + seconds
    for index in slots.indices {
      guard let child = slots[index].child else { continue }
      while Poller.now < end, (try? child.reap()) == .some(nil) { usleep(10_000) }
      if child.exit == nil {
        child.terminate(SIGKILL)
        _ = try? child.wait()
      }
      if let token = slots[index].token { poller.unwatch(token) }
      (slots[index].child, slots[index].lifeline, slots[index].token) = (nil, nil, nil)
    }
  }

  private func start(_ slot: inout Slot, now: Double) throws {
    let log = openLog(folder.log(ofWorker: slot.number))
    let lifeline = try Lifeline()
    var descriptors: [Int32: Int32] = [0: lifeline.childEnd.raw]
    if let log { descriptors.merge([1: log.raw, 2: log.raw]) { $1 } }
    let child = try spawn(
      ChildProcess.Launch(
        executable: program.executable,
        arguments: program.arguments(endpoint, slot.number, folder.spool(ofWorker: slot.number)),
        environment: program.environment, descriptors: descriptors))
    lifeline.childEnd.close()
    logger.info("Worker \(slot.number) is process \(child.pid).")
    slot.child = child
    slot.lifeline = lifeline
    slot.token = poller.watch(descriptor: child.descriptor)
    slot.pacing.started(now: now)
  }

  /// Logs are kept over restarts, of workers and of the coordinator. A worker without a log works all the same.
  private func openLog(_ url: URL) -> OwnedDescriptor? {
    try? ChildFolder.make(at: url.deletingLastPathComponent())
    let raw = open(url.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard raw >= 0 else {
      let fault = FileFault(operation: "create", path: url.path, errorNumber: errno)
      logger.warning("A worker is started without a log: \(fault)")
      return nil
    }
    return OwnedDescriptor(raw)
  }
}
