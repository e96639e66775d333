import Foundation
import Launching
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
    /// The arguments for the worker of that number, from 1. Its standard input is its lifeline.
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

  struct Death {
    let processID: UInt32
    let how: String
  }

  private struct Slot {
    let number: Int
    var child: ChildProcess?
    var lifeline: Lifeline?
    var token: Poller.Token?
    var startedAt = 0.0
    var nextStart = 0.0
    var quickDeaths = 0
  }

  /// A worker that lives for less long than this died of its start.
  private static let settlingTime = 10.0
  /// That many such deaths in a row, with no worker alive, and starting more makes no sense.
  private static let quickDeathLimit = 4
  private static let longestPause = 30.0

  private let program: Program
  private let folder: StudyFolder
  private let endpoint: String
  private let poller: Poller
  private var slots: [Slot]
  private var lastDeath = ""

  init(_ program: Program, count: Int, folder: StudyFolder, endpoint: String, poller: Poller) {
    self.program = program
    self.folder = folder
    self.endpoint = endpoint
    self.poller = poller
    slots = (0..<count).map { Slot(number: $0 + 1) }
  }

  deinit { stop(within: 0) }

  /// Starts every worker whose time has come; throws `workersFail` when all of them keep dying.
  func start(now: Double) throws {
    for index in slots.indices where slots[index].child == nil && now >= slots[index].nextStart {
      try start(&slots[index], now: now)
    }
  }

  /// When a worker is to be started next.
  var nextStart: Double? { slots.filter { $0.child == nil }.map(\.nextStart).min() }

  /// Reaps workers that have ended, and plans their successors.
  func reap(now: Double) throws -> [Death] {
    var deaths: [Death] = []
    for index in slots.indices {
      guard let child = slots[index].child, let exit = try child.reap() else { continue }
      deaths.append(Death(processID: UInt32(child.pid), how: exit.description))
      lastDeath = exit.description
      if let token = slots[index].token { poller.unwatch(token) }
      let isQuick = now - slots[index].startedAt < Self.settlingTime
      slots[index].quickDeaths = isQuick ? slots[index].quickDeaths + 1 : 0
      let pause = min(Self.longestPause, 0.25 * pow(2, Double(slots[index].quickDeaths)))
      slots[index].nextStart = now + (isQuick ? pause : 0)
      (slots[index].child, slots[index].lifeline, slots[index].token) = (nil, nil, nil)
    }
    if !deaths.isEmpty, slots.allSatisfy({ $0.child == nil && $0.quickDeaths >= Self.quickDeathLimit }) {
      throw CoordinationError(
        .workersFail, "Every worker ends as soon as it is started, the last one with \(lastDeath).",
        remedy: "See '\(folder.log(ofWorker: 1).path)', then --resume.")
    }
    return deaths
  }

  /// Cuts the lifelines, gives the workers `seconds` to end, then kills them.
  func stop(within seconds: Double) {
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
    let log = try openLog(folder.log(ofWorker: slot.number))
    let lifeline = try Lifeline()
    let child = try ChildProcess.spawn(
      ChildProcess.Launch(
        executable: program.executable,
        arguments: program.arguments(endpoint, slot.number, folder.spool(ofWorker: slot.number)),
        environment: program.environment, descriptors: [0: lifeline.childEnd.raw, 1: log.raw, 2: log.raw]))
    lifeline.childEnd.close()
    slot.child = child
    slot.lifeline = lifeline
    slot.token = poller.watch(descriptor: child.descriptor)
    slot.startedAt = now
  }

  /// Logs are kept over restarts, of workers and of the coordinator.
  private func openLog(_ url: URL) throws -> OwnedDescriptor {
    let raw = open(url.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard raw >= 0 else { throw FileFault(operation: "create", path: url.path, errorNumber: errno) }
    return OwnedDescriptor(raw)
  }
}
