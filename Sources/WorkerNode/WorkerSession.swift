import Foundation
import Launching
import Logging
import StudyModel
import Support
import Transport
import WireProtocol

/// A worker at work: one thread that polls its connection, its engine and its lifeline, and lets a `WorkerMachine` decide.
///
/// Not for several threads: `run()` uses the thread that calls it until the worker ends.
package final class WorkerSession {
  package struct Configuration: Sendable {
    /// The coordinator's address.
    package var endpoint: String
    package var engineExecutable: String
    package var engineArguments: [String]
    /// The engine's whole environment.
    package var environment: [String: String]
    /// Holds unacknowledged results; the same for this worker's later starts, of no other worker at the same time.
    package var spoolFolder: String
    /// The engine's working folder.
    package var scratchFolder: String
    /// The worker's name for people.
    package var label: String
    /// The read end of a pipe whose writer is the parent: its end ends the worker at once. Nil where nobody holds one.
    package var lifelineDescriptor: Int32?
    /// "cpu" or "cuda:0".
    package var deviceSlot: String
    package var build = "0"
    /// As the engine tells it.
    package var engine: EngineIdentity?
    package var timings = WorkerTimings()
    /// Signalled when the worker is to give its lease back and end.
    package var stop: WakeUp?
    /// Tells of the session, its leases and engines, and passes on what engines write.
    package var logger: Logger

    package init(
      endpoint: String, engineExecutable: String, engineArguments: [String], environment: [String: String],
      spoolFolder: String, scratchFolder: String, label: String, lifelineDescriptor: Int32?, deviceSlot: String,
      logger: Logger
    ) {
      self.endpoint = endpoint
      self.engineExecutable = engineExecutable
      self.engineArguments = engineArguments
      self.environment = environment
      self.spoolFolder = spoolFolder
      self.scratchFolder = scratchFolder
      self.label = label
      self.lifelineDescriptor = lifelineDescriptor
      self.deviceSlot = deviceSlot
      self.logger = logger
    }
  }

  private let configuration: Configuration
  private let context: MessagingContext
  private let poller = Poller()
  private let spool: Spool
  private var machine: WorkerMachine
  private var log = WorkerLog()
  private var socket: (dealer: DealerSocket, token: Poller.Token)?
  private var sequence: UInt64 = 0
  private var engine: WatchedEngine?
  /// Events that performing actions brought, to be taken before anything is waited for.
  private var pending: [WorkerEvent] = []
  private var outcome: WorkerExit?

  /// Makes the folders and reads the spool; throws `FileFault` or `TransportError`.
  package init(_ configuration: Configuration) throws {
    self.configuration = configuration
    context = try MessagingContext()
    spool = try Spool(folder: configuration.spoolFolder)
    try Folders.make(at: URL(fileURLWithPath: configuration.scratchFolder))
    let (results, unreadable) = spool.load()
    for name in unreadable {
      configuration.logger.warning(
        "The spooled result '\(name)' in '\(configuration.spoolFolder)' cannot be read; it is left there.")
    }
    var random = SystemRandomNumberGenerator()
    machine = WorkerMachine(
      identity: WorkerIdentity(
        build: configuration.build, host: ProcessInfo.processInfo.hostName, label: configuration.label,
        processID: UInt32(clamping: getpid()), device: configuration.deviceSlot, engine: configuration.engine),
      timings: configuration.timings, seed: random.next(), spooled: results)
  }

  /// Serves until the search ends, the coordinator is gone for too long, or somebody ends it; then no engine is left.
  package func run() throws -> WorkerExit {
    BrokenPipes.ignore()
    let lifeline = configuration.lifelineDescriptor.map { poller.watch(descriptor: $0) }
    let stop = configuration.stop.map { poller.watch(descriptor: $0.descriptor) }
    defer {
      engine = nil
      socket?.dealer.close(linger: 1)
    }
    try take(.started)
    while outcome == nil {
      let timeout = machine.nextDeadline.map { max(0, $0 - Poller.now) }
      let ready = try poller.wait(timeout: timeout)
      for item in ready where outcome == nil {
        if item.token == lifeline, let descriptor = configuration.lifelineDescriptor {
          if Lifeline.isCut(descriptor) { try take(.lifelineCut) }
        } else if item.token == stop {
          configuration.stop?.drain()
          try take(.stopRequested)
        } else if item.token == socket?.token {
          try receiveMessages()
        } else {
          try serveEngine(item.token)
        }
      }
      try take(.tick)
    }
    guard let outcome else { preconditionFailure("the loop ends with an outcome") }
    return outcome
  }

  // MARK: - The machine

  private func take(_ event: WorkerEvent) throws {
    pending.append(event)
    while outcome == nil, !pending.isEmpty {
      let event = pending.removeFirst()
      show(log.lines(for: event, now: Poller.now))
      for action in machine.receive(event, now: Poller.now) { try perform(action) }
    }
  }

  private func show(_ lines: [WorkerLog.Line]) {
    for line in lines {
      configuration.logger.log(level: line.level, "\(line.text)", metadata: line.about?.logMetadata)
    }
  }

  private func perform(_ action: WorkerAction) throws {
    show(log.lines(for: action, now: Poller.now))
    switch action {
    case .openSocket: try openSocket()
    case .send(let message, let epoch): try send(message, epoch: epoch)
    case .spool(let report, let run):
      do {
        try spool.write(report, run: run)
      } catch {
        // The result is in memory and will be sent all the same: a full disk must not cost a finished evaluation.
        configuration.logger.error(
          "The result of lease \(report.lease) is not safe from a crash of this worker: \(error)")
      }
      noteMemory()
    case .unspool(let lease, let run): spool.remove(lease, run: run)
    case .startEngine: startEngine()
    case .tellEngine(let command): try tellEngine(command)
    case .killEngine: engine?.process.child.terminate(SIGKILL)
    case .log: break
    case .exit(let reason): outcome = reason
    }
  }

  // MARK: - The coordinator

  private func openSocket() throws {
    if let socket {
      poller.unwatch(socket.token)
      socket.dealer.close()
    }
    var options = SocketOptions()
    options.linger = 0
    // Looking for the coordinator is paced by our HELLOs; the connection under them should be back soon.
    options.reconnectFirst = 0.05
    options.reconnectMaximum = 1
    var random = SystemRandomNumberGenerator()
    let identity = Array("w".utf8) + Incarnation(using: &random).bytes
    let dealer = try DealerSocket(context, identity: identity, options: options)
    try dealer.connect(configuration.endpoint)
    socket = (dealer, poller.watch(dealer))
  }

  private func send(_ message: WorkerMessage, epoch: UInt64) throws {
    sequence += 1
    let frame = try message.encode(epoch: epoch, sequence: sequence)
    // Refused while there is no connection: everything that matters is sent again by the machine.
    _ = try socket?.dealer.send(frame)
  }

  private func receiveMessages() throws {
    // Bounded, so that a flood cannot keep the engine and the lifeline waiting; the poller reports the rest again.
    for _ in 0..<64 {
      guard outcome == nil, let dealer = socket?.dealer, let frame = try dealer.receive() else { return }
      do {
        try take(.received(CoordinatorMessage.decode(frame)))
      } catch let error as WireError {
        configuration.logger.warning("Ignored a message: \(error)")
      }
    }
  }

  // MARK: - The engine

  private func startEngine() {
    do {
      let process = try EngineProcess(
        executable: configuration.engineExecutable, arguments: configuration.engineArguments,
        environment: configuration.environment, workingFolder: configuration.scratchFolder)
      engine = WatchedEngine(
        process: process, end: poller.watch(descriptor: process.child.descriptor),
        events: poller.watch(descriptor: process.events.raw), log: poller.watch(descriptor: process.log.raw))
      configuration.logger.info("The engine is process \(process.child.pid).")
    } catch {
      pending.append(
        .engineStartFailed("\(error)", isRetriable: (error as? LaunchError)?.isRetriable ?? false))
    }
  }

  private func noteMemory() {
    guard let bytes = engine?.process.residentBytes else { return }
    configuration.logger.info("The engine holds \(Units.bytes(bytes)) of memory.")
  }

  /// What an engine writes, in the worker's log; its own levels hold.
  private func show(_ line: EngineOutput.Line) {
    configuration.logger.log(level: line.level, "engine: \(line.text)")
  }

  private func tellEngine(_ command: EngineCommand) throws {
    guard let process = engine?.process else { return }
    try process.tell(command)
    watchCommands()
  }

  /// Polls the command pipe for room exactly while something waits for it.
  private func watchCommands() {
    guard let process = engine?.process else { return }
    if process.hasUnsent, engine?.commands == nil {
      engine?.commands = poller.watch(descriptor: process.commands.raw, forWriting: true)
    } else if !process.hasUnsent, let token = engine?.commands {
      poller.unwatch(token)
      engine?.commands = nil
    }
  }

  private func serveEngine(_ token: Poller.Token) throws {
    guard let watched = engine else { return }
    switch token {
    case watched.end:
      try readEvents()
      try reapEngine()
    case watched.events: try readEvents()
    case watched.log:
      if !watched.process.readLog(show) { unwatch(\.log) }
    case watched.commands:
      try watched.process.flush()
      watchCommands()
    default: break
    }
  }

  private func readEvents() throws {
    guard let watched = engine, watched.events != nil else { return }
    switch watched.process.readEvents() {
    case .events(let events):
      for event in events { try take(.engineSaid(event)) }
    case .broken(let events, let message):
      unwatch(\.events)
      for event in events { try take(.engineSaid(event)) }
      // An engine that is gone closes its pipe too, and its end says more.
      if try watched.process.child.reap() == nil { endGraceBegins(message) }
    }
  }

  /// A dying engine's pipe closes a moment before its end shows: only one that lives on has broken the protocol.
  private func endGraceBegins(_ message: String) {
    var item = pollfd(fd: engine?.process.child.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
    if poll(&item, 1, 200) == 0 { pending.append(.engineBroke(message)) }
  }

  private func reapEngine() throws {
    guard let watched = engine, let exit = try watched.process.child.reap() else { return }
    // What a child that outlives the engine writes is of no interest; what the engine wrote is all there by now.
    _ = watched.process.readLog(show)
    watched.process.finishLog(show)
    for token in [watched.end, watched.events, watched.log, watched.commands] {
      if let token { poller.unwatch(token) }
    }
    engine = nil
    try take(.engineEnded(exit, logTail: watched.process.logText))
  }

  private func unwatch(_ path: WritableKeyPath<WatchedEngine, Poller.Token?>) {
    guard let token = engine?[keyPath: path] else { return }
    poller.unwatch(token)
    engine?[keyPath: path] = nil
  }
}
