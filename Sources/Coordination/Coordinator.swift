import ArtifactStore
import Foundation
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
    /// Hash of network, data and split, engine version and seed.
    package var identity: Digest
    /// Go on with the study in the folder; begins one where there is none.
    package var resumes: Bool
    package var workerCount: Int
    package var workerProgram: WorkerProgram
    /// Classes of the data, to know a network near chance; nil does not check.
    package var classCount: Int?
    package var timings = CoordinatorTimings.embedded
    /// Signalled, from any thread or a signal handler, when the user wants to stop.
    package var stop: WakeUp?
    /// Called on the coordinator's thread, at least once a second and after each result.
    package var progress: (SearchProgress) -> Void = { _ in }

    package init(
      output: StudyFolder, context: StudyContext, identity: Digest, resumes: Bool, workerCount: Int,
      workerProgram: WorkerProgram, classCount: Int? = nil
    ) {
      self.output = output
      self.context = context
      self.identity = identity
      self.resumes = resumes
      self.workerCount = workerCount
      self.workerProgram = workerProgram
      self.classCount = classCount
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
  private var machine: CoordinatorMachine
  private var sequence: UInt64 = 0
  /// Events that performing actions brought, to be taken before anything is waited for.
  private var pending: [CoordinatorEvent] = []
  private var outcome: StudyOutcome?
  private var front: [EvaluationRecord] = []
  private var frontSize = -1

  /// Throws `outputExists` when the folder holds a study and resuming was not asked for. Changes nothing: to be called
  /// before anything is written there.
  package static func check(_ output: StudyFolder, resumes: Bool) throws {
    guard !resumes, try StudyStore.exists(in: output) else { return }
    throw CoordinationError(
      .outputExists, "The folder '\(output.url.path)' holds a study already.",
      remedy: "Go on with it by --resume, or choose another folder with --output.")
  }

  /// Opens or makes the study: from here on this process owns it, and its epoch is on the disk.
  package init(_ options: Options, source: some TrialSource) throws {
    self.options = options
    self.source = source
    try Self.check(options.output, resumes: options.resumes)
    for url in [options.output.logs, options.output.networks] {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    artifacts = try ArtifactStore(folder: options.output.artifacts)
    store = try Self.open(options)
    var configuration = CoordinatorMachine.Configuration(
      context: options.context, run: store.header.runID.uuidString, classCount: options.classCount)
    configuration.timings = options.timings
    machine = CoordinatorMachine(configuration, snapshot: try store.snapshot(), source: source, now: Poller.now)
    folder = try IpcFolder()
    router = try RouterSocket(MessagingContext())
    let endpoint = try folder.endpoint()
    try router.bind(endpoint)
    workers = EmbeddedWorkers(
      options.workerProgram, count: options.workerCount, folder: options.output, endpoint: endpoint, poller: poller)
  }

  private static func open(_ options: Options) throws -> StudyStore {
    let header = try StudyHeader(context: options.context, identity: options.identity)
    guard try StudyStore.exists(in: options.output) else {
      return try StudyStore.create(in: options.output, header: header)
    }
    return try StudyStore.resume(in: options.output) { try StudyComparison.check($0, against: header) }
  }

  /// Runs until the study is finished or stopped, then ends the workers; throws `CoordinationError` when it cannot go on,
  /// and what else failed, with everything that was acknowledged on the disk.
  package func run() throws -> SearchSummary {
    defer {
      workers.stop(within: 3)
      router.close(linger: 0.1)
      try? store.close()
      folder.remove()
    }
    _ = poller.watch(router)
    let stop = options.stop.map { poller.watch(descriptor: $0.descriptor) }
    var isStopping = false
    try take(.tick)
    while outcome == nil {
      try workers.start(now: Poller.now)
      for ready in try poller.wait(timeout: timeout) where ready.token == stop && !isStopping {
        isStopping = true
        options.stop?.drain()
        try take(.stopRequested)
      }
      while outcome == nil, let (peer, payload) = try router.receive() { try receive(payload, from: PeerID(peer)) }
      for death in try workers.reap(now: Poller.now) {
        try take(.workerExited(processID: death.processID, how: death.how))
      }
      try take(.tick)
      report()
    }
    return try summary()
  }

  private var timeout: Double {
    let deadlines = [machine.nextDeadline, workers.nextStart].compactMap { $0 }
    return max(0, min(1, (deadlines.min() ?? .infinity) - Poller.now))
  }

  private func receive(_ payload: Data, from peer: PeerID) throws {
    // What is no message is dropped: its sender, if it is one of ours, will repeat what matters.
    guard let envelope = try? WorkerMessage.decode(payload) else { return }
    if case .result(let report) = envelope.message, let missing = missingArtifact(of: report) {
      try take(.incompleteResult(envelope, from: peer, missing: missing))
    } else {
      try take(.message(envelope, from: peer))
    }
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
    try FrontExport.write(front, from: artifacts, to: options.output)
    return SearchSummary(
      ending: outcome == .finished ? .finished : .stopped, elapsed: machine.elapsed(at: Poller.now),
      records: machine.snapshot.records, front: front)
  }
}
