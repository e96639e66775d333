import ArtifactStore
import Foundation
import Logging
import StudyModel
import StudyStore
import Support
import Transport
import WireProtocol

/// A coordinator at work: one thread that polls its socket and its workers, lets a `CoordinatorMachine` decide, stores what
/// that says and only then speaks.
///
/// Not for several threads: `run()` uses the thread that calls it until the study ends; only `Options.stop` may be signalled
/// from others.
package final class Coordinator {
  package typealias WorkerProgram = EmbeddedWorkers.Program

  package struct Options {
    package var output: StudyFolder
    /// Its network must lie in `output.artifacts` already.
    package var context: StudyContext
    package var identity: StudyIdentity
    /// Go on with the study in the folder, or with what a start that was killed before it had made one has left.
    package var resumes: Bool
    /// When resuming, go on without the rows that are damaged.
    package var setsDamageAside = false
    package var workerCount: Int
    package var workerProgram: WorkerProgram
    /// Classes of the data, to know a network near chance; nil does not check.
    package var classCount: Int?
    package var timings = CoordinatorTimings.embedded
    /// Workers of several engines may take part in this run.
    package var mixesEngines = false
    /// Signalled, from any thread or a signal handler, when the user wants to stop.
    package var stop: WakeUp?
    /// What stopped the search, asked for after `stop`: the name of a signal.
    package var stopDetail: () -> String = { "" }
    /// Called before the search begins with what its user should know, a sentence or two each.
    package var notice: (String) -> Void = { _ in }
    /// Called on the coordinator's thread, at least once a second and after each result.
    package var progress: (SearchProgress) -> Void = { _ in }
    /// Tells the room on the filesystem of a folder; nil where nobody knows.
    package var freeSpace: (URL) -> FreeSpace? = { FreeSpace(at: $0) }
    /// Tells of what happens to the study and its workers.
    package var logger: Logger

    package init(
      output: StudyFolder, context: StudyContext, identity: StudyIdentity, resumes: Bool, workerCount: Int,
      workerProgram: WorkerProgram, classCount: Int? = nil, logger: Logger
    ) {
      self.output = output
      self.context = context
      self.identity = identity
      self.resumes = resumes
      self.workerCount = workerCount
      self.workerProgram = workerProgram
      self.classCount = classCount
      self.logger = logger
    }
  }

  private let options: Options
  private let store: StudyStore
  private let artifacts: ArtifactStore
  private let source: any TrialSource
  private let folder: IpcFolder
  private let router: RouterSocket
  private let poller = Poller()
  private let workers: EmbeddedWorkers
  private let storage: StorageMonitor
  private var machine: CoordinatorMachine
  private var sequence: UInt64 = 0
  /// Events that performing actions brought, to be taken before anything is waited for.
  private var pending: [CoordinatorEvent] = []
  private var outcome: StudyOutcome?
  private var front: [EvaluationRecord] = []
  private var frontSize = -1

  /// Throws when the study cannot be begun, or gone on with, in the folder: it holds a study and resuming was not asked for,
  /// or the other way round; it holds what somebody else put there; it cannot be written to. Changes nothing: to be called
  /// before anything is written there.
  package static func check(_ output: StudyFolder, resumes: Bool) throws {
    let path = output.url.path
    if try StudyStore.exists(in: output) {
      guard resumes else {
        throw CoordinationError(
          .outputExists, "The folder '\(path)' holds a study already.",
          remedy: "Go on with it by --resume, or choose another folder with --output.")
      }
      try Folders.checkMakeable(at: output.url)
      try output.checkSpec()
      return try FrontExport.check(output)
    }
    var isFolder: ObjCBool = true
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let contents = isThere && isFolder.boolValue ? try output.contentsWithoutStudy() : StudyFolder.Contents()
    // Whoever resumes after a kill need not know whether it came before the study was made.
    guard !resumes || (contents.strangers.isEmpty && contents.hasLeftovers) else {
      throw StudyStoreError(
        .missing, "There is no study in '\(path)' to go on with.",
        remedy: "Check the path after --output; to begin a study there, leave --resume out.")
    }
    guard !isThere || isFolder.boolValue else {
      throw CoordinationError(
        .outputExists, "'\(path)' is a file, and a study needs a folder.", remedy: "Name a new folder with --output.")
    }
    guard contents.strangers.isEmpty else {
      let more = contents.strangers.count - 3
      throw CoordinationError(
        .outputExists,
        "The folder '\(path)' is not empty and holds no study: there is "
          + contents.strangers.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
          + (more > 0 ? " and \(more) more." : "."),
        remedy: "Name a new or empty folder with --output. Nothing in this one was changed.")
    }
    try Folders.checkMakeable(at: output.url)
  }

  /// Opens or makes the study: from here on this process owns it, and its epoch is on the disk.
  package init(_ options: Options, source: some TrialSource) throws {
    self.options = options
    self.source = source
    try Self.check(options.output, resumes: options.resumes)
    for url in [options.output.logs, options.output.networks, options.output.spools] {
      try Folders.make(at: url)
    }
    artifacts = try ArtifactStore(folder: options.output.artifacts)
    store = try Self.open(options)
    var configuration = CoordinatorMachine.Configuration(
      context: options.context, run: store.header.runID.uuidString, classCount: options.classCount)
    configuration.timings = options.timings
    configuration.mixesEngines = options.mixesEngines
    if options.resumes {
      configuration.evicted = Set(try store.history().filter { $0.kind == "evicted" }.compactMap(\.key))
    }
    storage = try StorageMonitor(
      artifacts, folder: options.output, interval: options.timings.bookkeepingInterval, now: Poller.now,
      freeSpace: options.freeSpace)
    machine = CoordinatorMachine(configuration, snapshot: try store.snapshot(), source: source, now: Poller.now)
    folder = try IpcFolder()
    router = try RouterSocket(MessagingContext())
    let endpoint = try folder.endpoint()
    try router.bind(endpoint)
    workers = EmbeddedWorkers(
      options.workerProgram, count: options.workerCount, folder: options.output, endpoint: endpoint, poller: poller,
      logger: options.logger)
    let beginning = store.epoch == 1 ? "begins" : "goes on"
    options.logger.notice(
      "Study '\(options.context.spec.study)' \(beginning): start \(store.epoch), \(options.workerCount) workers at \(endpoint)."
    )
  }

  private static func open(_ options: Options) throws -> StudyStore {
    let given = try StudyHeader(context: options.context, identity: options.identity)
    let store: StudyStore
    if try StudyStore.exists(in: options.output) {
      store = try StudyStore.resume(in: options.output, settingDamageAside: options.setsDamageAside) {
        try StudyComparison.check($0, against: given)
      }
    } else {
      store = try StudyStore.create(in: options.output, header: given)
    }
    do {
      if store.epoch > 1 { try goOn(store, with: given, options) }
      try options.output.write(options.context.spec)
    } catch {
      try? store.commit([.endRun(.failed, detail: words(of: error))], elapsed: try store.snapshot().elapsed)
      throw error
    }
    return store
  }

  private static func words(of error: any Error) -> String { (error as? any DescribedError)?.message ?? "\(error)" }

  /// Takes over what may change when a study goes on, and tells what its user should know.
  private static func goOn(_ store: StudyStore, with given: StudyHeader, _ options: Options) throws {
    if !store.setAside.isEmpty {
      options.notice(
        "\(store.setAside.count) damaged rows were set aside:\n"
          + store.setAside.lines().map { "  \($0)\n" }.joined()
          + "They are in the table 'damaged' of '\(store.folder.database.path)'; the file as it was stays beside it.")
    }
    if store.header.parts == nil {
      options.notice(
        "This study was made by an earlier Coppice, which did not note its test file: whether that is still the same cannot "
          + "be told. From now on it is noted.")
    }
    let extended = StudyExtension(
      try store.snapshot(), from: try store.header.spec().budget, to: options.context.spec.budget)
    // Before the new budget is stored: whoever is killed between the two asks for the same again.
    if !extended.changes.isEmpty { try store.commit(extended.changes, elapsed: try store.snapshot().elapsed) }
    if let words = extended.words { options.notice(words) }
    try store.replaceHeader(
      StudyHeader(
        runID: store.header.runID, identity: given.identity, specBytes: given.specBytes,
        contextBytes: given.contextBytes, parts: given.parts))
  }

  /// Runs until the study is finished or stopped, then ends the workers; throws `CoordinationError` when it cannot go on,
  /// `StudyStoreError` `.moved` soon after the folder's path leads elsewhere, and what else failed, with everything that was
  /// acknowledged on the disk.
  package func run() throws -> SearchSummary {
    do {
      return try runToEnd()
    } catch {
      // The next one should know why; what the machine itself ended with is on the disk already.
      if outcome == nil {
        try? store.commit(
          [.endRun(.failed, detail: Self.words(of: error))], elapsed: machine.elapsed(at: Poller.now))
      }
      try? store.close()
      throw error
    }
  }

  private func runToEnd() throws -> SearchSummary {
    defer {
      workers.stop(within: 3)
      router.close(linger: 0.1)
      folder.remove()
    }
    do {
      try serve()
      return try summary()
    } catch {
      // In a folder that was moved much fails that says less.
      try store.place.check()
      throw error
    }
  }

  private func serve() throws {
    _ = poller.watch(router)
    let stop = options.stop.map { poller.watch(descriptor: $0.descriptor) }
    var isStopping = false
    try look()
    try take(.tick)
    while outcome == nil {
      try store.place.check()
      try workers.start(now: Poller.now)
      for ready in try poller.wait(timeout: timeout) where ready.token == stop && !isStopping {
        isStopping = true
        options.stop?.drain()
        options.logger.notice("Asked to stop.")
        machine.stopDetail = options.stopDetail()
        try take(.stopRequested)
      }
      // Before anybody is believed: what a worker cannot find in a folder that was moved is not the evaluation's fault.
      try store.place.check()
      while outcome == nil, let (peer, payload) = try router.receive() { try receive(payload, from: PeerID(peer)) }
      for death in try workers.reap(now: Poller.now) {
        try take(.workerExited(processID: death.processID, death.exit))
      }
      try look()
      try take(.tick)
      report()
    }
  }

  private var timeout: Double {
    let deadlines = [machine.nextDeadline, workers.nextStart].compactMap { $0 }
    return max(0, min(1, (deadlines.min() ?? .infinity) - Poller.now))
  }

  private func receive(_ payload: Data, from peer: PeerID) throws {
    // What is no message is dropped: its sender, if it is one of ours, will repeat what matters.
    guard let envelope = try? WorkerMessage.decode(payload) else {
      return options.logger.debug("Ignored \(payload.count) bytes that are no message.")
    }
    if case .result(let report) = envelope.message, let missing = missingArtifact(of: report) {
      try take(.incompleteResult(envelope, from: peer, missing: missing))
    } else {
      try take(.message(envelope, from: peer))
      if case .result(let report) = envelope.message, let checkpoint = try? report.result().checkpoint {
        storage.noteStored(checkpoint)
      }
      if case .failed = envelope.message { storage.lookSoon() }
    }
  }

  /// Tells the machine of the disk, when it is time to.
  private func look() throws {
    guard outcome == nil, let report = storage.due(now: Poller.now) else { return }
    try take(.storage(report))
  }

  private func missingArtifact(of report: ResultReport) -> String? {
    guard let checkpoint = try? report.result().checkpoint, !artifacts.contains(checkpoint) else { return nil }
    return "its network \(checkpoint.short) is not in the artifact store"
  }

  /// Lets the machine decide on an event, and on those that follow from doing what it said.
  private func take(_ event: CoordinatorEvent) throws {
    pending.append(event)
    while !pending.isEmpty {
      for action in machine.receive(pending.removeFirst(), now: Poller.now) { try perform(action) }
    }
  }

  private func perform(_ action: CoordinatorAction) throws {
    switch action {
    case .commit(let changes, let elapsed):
      try store.commit(changes, elapsed: elapsed)
      CoordinatorLog.show(changes, epoch: store.epoch, at: elapsed, in: options.logger)
    case .evict(let digests):
      storage.evict(digests)
    case .send(let message, let peer):
      sequence += 1
      let frame = try message.encode(epoch: UInt64(store.epoch), sequence: sequence)
      if try !router.send(frame, to: peer.bytes) { pending.append(.undeliverable(to: peer)) }
    case .end(let outcome):
      self.outcome = outcome
    }
  }

  private func report() {
    updateFront()
    options.progress(machine.progress(front: front, now: Poller.now))
  }

  private func updateFront() {
    let size = machine.snapshot.evaluations.values.count { $0.record.status == .done }
    guard size != frontSize else { return }
    frontSize = size
    front = source.front(history: machine.history).compactMap { machine.snapshot.evaluations[$0]?.record }
  }

  private func summary() throws -> SearchSummary {
    report()
    if case .failed(let error)? = outcome { throw error }
    try store.place.check()
    options.logger.notice(outcome == .finished ? "The study is finished." : "Stopped.")
    let remade = machine.snapshot.records.filter { $0.key.purpose == .sealedTest }.compactMap { record in
      record.result?.checkpoint.map { (EvaluationKey(trial: record.key.trial, rung: record.key.rung), $0) }
    }
    let missing = try FrontExport.write(
      front, remade: Dictionary(remade, uniquingKeysWith: { first, _ in first }), from: artifacts, to: options.output)
    try? store.close()
    return SearchSummary(
      ending: outcome == .finished ? .finished : .stopped,
      words: machine.snapshot.endingWords(isRunning: false), elapsed: machine.elapsed(at: Poller.now),
      records: machine.snapshot.records, front: front, missing: missing, pause: machine.shortage?.description)
  }
}
