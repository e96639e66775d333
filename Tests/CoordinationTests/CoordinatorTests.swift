import ArtifactStore
import Coordination
import Foundation
import Logging
import Logs
import StudyModel
import StudyStore
import Support
import Synchronization
import TestSupport
import Testing
import Transport
import WireProtocol

/// The coordinator's thread over real sockets, files and processes; its worker is a thread of this process, while the
/// processes that it starts as its workers only keep its books busy.
@Suite(.serialized, .ownThread) struct CoordinatorTests {
  /// One study's folder and what is needed to run it.
  private struct Fixture {
    let keep: TemporaryFolder
    let folder: StudyFolder
    let artifacts: ArtifactStore
    var context: StudyContext
    var identity = StudyIdentity(
      network: Digest(of: Data("network".utf8)), training: Digest(of: Data("training".utf8)),
      test: Digest(of: Data("test".utf8)), split: SplitSpec(), seed: 7)

    init(trials: Int = 3) throws {
      keep = try TemporaryFolder()
      folder = StudyFolder(keep.url.appendingPathComponent("out"))
      artifacts = try ArtifactStore(folder: folder.artifacts)
      context = ToyStudy.context(trials: trials)
      context.network = try artifacts.put(Data("network".utf8))
      context.artifactFolder = folder.artifacts.path
    }

    func options(
      resumes: Bool = false, shell: String = "cat", log: LineSink = LineSink(),
      onStart: @escaping @Sendable (String) -> Void = { _ in }
    ) -> Coordinator.Options {
      Coordinator.Options(
        output: folder, context: context, identity: identity, resumes: resumes, workerCount: 1,
        workerProgram: Coordinator.WorkerProgram(executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"]) {
          endpoint, _, _ in
          onStart(endpoint)
          return ["-c", shell]
        }, classCount: 10, logger: log.logger)
    }
  }

  /// Serves a coordinator from a thread of its own until it is told to leave, or has finished `limit` evaluations.
  private static func startWorker(
    _ endpoint: String, artifacts: ArtifactStore, limit: Int = .max, networkBytes: Int = 0,
    done: @escaping @Sendable (Int) -> Void = { _ in }, leased: @escaping @Sendable (Assignment) -> Void = { _ in }
  ) {
    Thread.detachNewThread {
      do {
        let incarnation = Incarnation(bytes: [UInt8](repeating: 1, count: 16))
        let dealer = try DealerSocket(MessagingContext(), identity: Array("toy".utf8))
        try dealer.connect(endpoint)
        let poller = Poller()
        _ = poller.watch(dealer)
        var (sequence, epoch, finished, isWelcome) = (UInt64(0), UInt64(0), 0, false)
        func say(_ message: WorkerMessage) throws {
          sequence += 1
          _ = try dealer.send(try message.encode(epoch: epoch, sequence: sequence))
        }
        guard let incarnation else { return }
        while true {
          if !isWelcome {
            try say(
              .hello(
                Hello(
                  build: "0", incarnation: incarnation, host: "h", label: "toy", processID: 1, device: "cpu", slots: 1))
            )
          }
          _ = try poller.wait(timeout: 0.1)
          while let frame = try dealer.receive() {
            let envelope = try CoordinatorMessage.decode(frame)
            epoch = max(epoch, envelope.epoch)
            switch envelope.message {
            case .welcome:
              isWelcome = true
              try say(.ready(Ready(freeSlots: 1)))
            case .lease(let grant):
              if finished >= limit { return }
              leased(grant.assignment)
              var result = ToyStudy.result(grant.assignment)
              if result.checkpoint != nil {
                result.checkpoint = try artifacts.put(
                  Data("coppice.trial: network of \(grant.assignment.key)".utf8) + Data(count: networkBytes))
              }
              try say(.result(try ResultReport(lease: grant.lease, result: result)))
              finished += 1
              done(finished)
              try say(.ready(Ready(freeSlots: 1)))
            case .bye, .reject: return
            case .pong, .resultAcknowledged, .failureAcknowledged, .cancel: break
            }
          }
        }
      } catch {
        Issue.record("the toy worker failed: \(error)")
      }
    }
  }

  @Test func aSearchRunsToItsEnd() throws {
    let fixture = try Fixture()
    let artifacts = fixture.artifacts
    var options = fixture.options { Self.startWorker($0, artifacts: artifacts) }
    var phases: [CoordinatorMachine.Phase] = []
    options.progress = { if phases.last != $0.phase { phases.append($0.phase) } }
    let summary = try Coordinator(options, source: ToySource(count: 3)).run()
    #expect(summary.ending == .finished)
    #expect(summary.front.map(\.key.rung) == [2])
    #expect(phases.last == .ended)
    let reader = try StudyReader(fixture.folder)
    #expect(try reader.records() == summary.records)
    #expect(try reader.snapshot().isFinished)
    let networks = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.networks.path)
    let trial = try #require(summary.front.first?.key.trial)
    #expect(networks == ["trial-000\(trial)-rung-2.onnx"])
    // Each acknowledgement stands behind the result that it acknowledges, in the history's order.
    let kinds = try reader.history().filter { ["accepted", "acknowledged"].contains($0.kind) }.map(\.kind)
    #expect(kinds.count == 2 * 8 && stride(from: 0, to: 16, by: 2).allSatisfy { kinds[$0] == "accepted" })

    // It has ended, and resuming says so without any worker.
    let again = try Coordinator(fixture.options(resumes: true), source: ToySource(count: 3)).run()
    #expect(again.ending == .finished && again.records == summary.records)
    let runs = try reader.snapshot().runs
    #expect(runs.map(\.ending) == [.finished, .finished])
    #expect(runs.map(\.searchEnding?.reason) == [.trialsAreDone, nil])
    #expect(again.words.contains("all the trials of its budget are done"))
  }

  /// A search that its budget had ended goes on with a larger one, and ends again.
  @Test func aLargerBudgetLetsAFinishedStudyGoOn() throws {
    var fixture = try Fixture()
    let artifacts = fixture.artifacts
    func run(trials: Int, seconds: Double? = nil, starting: Bool = true, resumes: Bool = true) throws -> (
      SearchSummary, [String]
    ) {
      fixture.context.spec.budget = Budget(seconds: seconds, trials: trials)
      var notices: [String] = []
      var options = fixture.options(resumes: resumes) { if starting { Self.startWorker($0, artifacts: artifacts) } }
      options.notice = { notices.append($0) }
      return (try Coordinator(options, source: ToySource(count: trials)).run(), notices)
    }
    let (first, _) = try run(trials: 3, resumes: false)
    #expect(first.ending == .finished)
    // Less, and a time that is over, leave it as it is; no worker is there that could do anything.
    for (trials, seconds) in [(2, nil as Double?), (9, 1e-9)] {
      let (same, notices) = try run(trials: trials, seconds: seconds, starting: false)
      #expect(same.ending == .finished && same.records == first.records)
      #expect(notices.count == 1 && notices[0].contains("does not let it go on"), "\(notices)")
    }
    let (more, notices) = try run(trials: 9)
    #expect(notices.count == 1 && notices[0].contains("goes on with the new budget"), "\(notices)")
    #expect(more.ending == .finished && more.words.contains("all the trials of its budget are done"))
    for record in first.records { #expect(more.records.contains(record), "\(record.key)") }
    let counts = [0, 1, 2].map { rung in
      more.records.count { $0.key.purpose == .trial && $0.key.rung == rung && $0.status == .done }
    }
    #expect(counts[0] == 9 && counts[1] >= 3 && counts[2] >= 1)
    for record in more.front {
      let key = EvaluationKey(trial: record.key.trial, rung: record.key.rung, purpose: .sealedTest)
      #expect(more.records.contains { $0.key == key && $0.status == .done })
    }
    let reader = try StudyReader(fixture.folder)
    #expect(try reader.history().count { $0.kind == HistoryEvent.reopened } == 1)
    let snapshot = try reader.snapshot()
    #expect(snapshot.isFinished && !snapshot.isSearchReopened && snapshot.searchEnding?.reason == .trialsAreDone)
    #expect(try reader.header.spec().budget.trials == 9)
  }

  /// Stopped as soon as it goes on: the next start goes on too, and nobody takes the earlier sealed tests for its end.
  @Test func aStudyThatGoesOnCanBeStopped() throws {
    var fixture = try Fixture()
    let artifacts = fixture.artifacts
    fixture.context.spec.budget = Budget(trials: 3)
    _ = try Coordinator(
      fixture.options { Self.startWorker($0, artifacts: artifacts) }, source: ToySource(count: 3)
    ).run()
    fixture.context.spec.budget = Budget(trials: 6)
    let stop = try WakeUp()
    var options = fixture.options(resumes: true)
    options.stop = stop
    stop.signal()
    let stopped = try Coordinator(options, source: ToySource(count: 6)).run()
    #expect(stopped.ending == .stopped && !stopped.words.contains("The search ended"), "\(stopped.words)")
    #expect(try StudyReader(fixture.folder).snapshot().isSearchReopened)
    let rest = try Coordinator(
      fixture.options(resumes: true) { Self.startWorker($0, artifacts: artifacts) }, source: ToySource(count: 6)
    ).run()
    #expect(rest.ending == .finished)
    #expect(Set(rest.records.filter { $0.key.purpose == .trial }.map(\.key.trial)).count == 6)
  }

  /// Stopped after some of its plans: each is run to the last rung, once, in the spec's order.
  @Test(arguments: [SamplerKind.grid, .list]) func aSweepGoesOn(sampler: SamplerKind) throws {
    var fixture = try Fixture()
    let artifacts = fixture.artifacts
    fixture.context.spec = ToyStudy.sweep(sampler)
    let source = PolicySource(spec: fixture.context.spec, groups: [])
    let stop = try WakeUp()
    var options = fixture.options {
      Self.startWorker($0, artifacts: artifacts, limit: 5) { if $0 == 5 { stop.signal() } }
    }
    options.stop = stop
    let stopped = try Coordinator(options, source: source).run()
    #expect(stopped.ending == .stopped)
    let rest = try Coordinator(
      fixture.options(resumes: true) { Self.startWorker($0, artifacts: artifacts) }, source: source
    ).run()
    #expect(rest.ending == .finished)
    #expect(rest.words == "The search ended: all 9 plans of the \(sampler.rawValue) are done.")
    for record in stopped.records where record.status == .done { #expect(rest.records.contains(record)) }
    let trials = rest.records.filter { $0.key.purpose == .trial && $0.status == .done }
    #expect(trials.count == 9 * 3 && Set(trials.map(\.key)).count == 9 * 3)
    let plans = trials.filter { $0.key.rung == 2 }.sorted { $0.key < $1.key }.map(\.plan)
    #expect(plans.map(\.criterion) == [.l1, .l1, .l1, .l2, .l2, .l2, .taylor, .taylor, .taylor])
    #expect(plans.prefix(3).map(\.sparsity) == [.uniform(0.3), .uniform(0.5), .uniform(0.7)])
  }

  /// The spec beside the study is the one that it goes on with, and is read to the same again.
  @Test func theFolderKeepsTheFullSpecInStep() throws {
    var fixture = try Fixture()
    do { _ = try Coordinator(fixture.options(), source: ToySource(count: 3)) }
    for workers in [3, 5] {
      fixture.context.spec.workers = workers
      fixture.context.spec.budget = Budget(seconds: Double(workers) * 60, trials: workers)
      do { _ = try Coordinator(fixture.options(resumes: true), source: ToySource(count: 3)) }
      let text = try String(contentsOf: fixture.folder.spec, encoding: .utf8)
      #expect(text.hasSuffix(SpecPrinter.yaml(fixture.context.spec)))
      #expect(try StudyReader(fixture.folder).header.spec() == fixture.context.spec)
    }
  }

  /// The next one is told why the last one ended, also where the machine had no part in it.
  @Test(.timeLimit(.minutes(1)))
  func whyARunEndedIsKept() throws {
    let fixture = try Fixture()
    let dying = try Coordinator(fixture.options(shell: "exit 9"), source: ToySource(count: 3))
    #expect(throws: CoordinationError.self) { try dying.run() }
    let stop = try WakeUp()
    var options = fixture.options(resumes: true)
    options.stop = stop
    options.stopDetail = { "SIGTERM" }
    stop.signal()
    let stopped = try Coordinator(options, source: ToySource(count: 3)).run()
    #expect(stopped.words == "It was stopped (SIGTERM).")
    let runs = try StudyReader(fixture.folder).snapshot().runs
    #expect(runs.map(\.ending) == [.failed, .stopped])
    #expect(runs.first?.detail.contains("exit status 9") == true)
  }

  @Test(.timeLimit(.minutes(1)))
  func aDamagedResultOfAFinishedStudyIsFoundAgain() throws {
    let fixture = try Fixture()
    let artifacts = fixture.artifacts
    let summary = try Coordinator(
      fixture.options { Self.startWorker($0, artifacts: artifacts) }, source: ToySource(count: 3)
    ).run()
    try StoredDamage.flipAResult(in: fixture.folder.database)
    let refused = #expect(throws: StudyStoreError.self) {
      try Coordinator(fixture.options(resumes: true), source: ToySource(count: 3))
    }
    #expect(refused?.code == .damaged && refused?.message.contains("table 'results'") == true)
    var options = fixture.options(resumes: true) { Self.startWorker($0, artifacts: artifacts) }
    options.setsDamageAside = true
    var notices: [String] = []
    options.notice = { notices.append($0) }
    let again = try Coordinator(options, source: ToySource(count: 3)).run()
    #expect(notices.count == 1 && notices[0].contains("table 'results'"))
    #expect(again.ending == .finished)
    #expect(again.records.map(\.key) == summary.records.map(\.key))
    #expect(again.records.map(\.result?.measures) == summary.records.map(\.result?.measures))
  }

  @Test func aStoppedSearchGoesOn() throws {
    let fixture = try Fixture()
    let artifacts = fixture.artifacts
    let stop = try WakeUp()
    var options = fixture.options {
      Self.startWorker($0, artifacts: artifacts, limit: 3) { if $0 == 3 { stop.signal() } }
    }
    options.stop = stop
    let summary = try Coordinator(options, source: ToySource(count: 3)).run()
    #expect(summary.ending == .stopped)
    let before = summary.records.filter { $0.status == .done }
    #expect((2...3).contains(before.count))

    let error = #expect(throws: CoordinationError.self) {
      try Coordinator(fixture.options(), source: ToySource(count: 3))
    }
    #expect(error?.code == .outputExists)
    let rest = try Coordinator(
      fixture.options(resumes: true) { Self.startWorker($0, artifacts: artifacts) }, source: ToySource(count: 3)
    ).run()
    #expect(rest.ending == .finished)
    for record in before { #expect(rest.records.contains(record)) }
  }

  @Test func changedStudiesAreNotResumed() throws {
    var fixture = try Fixture()
    do { _ = try Coordinator(fixture.options(), source: ToySource(count: 3)) }
    let sameButWorkers = fixture.context
    fixture.context.spec.workers = 7
    do { _ = try Coordinator(fixture.options(resumes: true), source: ToySource(count: 3)) }
    fixture.context = sameButWorkers
    fixture.context.spec.seed = 8
    var error = #expect(throws: CoordinationError.self) {
      try Coordinator(fixture.options(resumes: true), source: ToySource(count: 3))
    }
    #expect(error?.code == .studyChanged)
    #expect(error?.message.contains("seed") == true)
    fixture.context = sameButWorkers
    for (change, name) in [
      ({ $0.network = Digest(of: Data("x".utf8)) }, "network"),
      ({ $0.training = Digest(of: Data("x".utf8)) }, "training file"),
      ({ $0.test = Digest(of: Data("x".utf8)) }, "test file"), ({ $0.seed = 8 }, "seed"),
      ({ $0.split.validation = 5 }, "split"),
    ] as [((inout StudyIdentity) -> Void, String)] {
      var options = fixture.options(resumes: true)
      change(&options.identity)
      error = #expect(throws: CoordinationError.self) { try Coordinator(options, source: ToySource(count: 3)) }
      #expect(error?.code == .studyChanged)
      // It names what changed and nothing else.
      let lines = error?.message.split(separator: "\n").dropFirst().map(String.init) ?? []
      #expect(lines.count == 1 && lines[0].contains("the \(name)"), "\(lines)")
    }
    // Refusals neither kept the study's lock nor counted as a start.
    #expect(try StudyReader(fixture.folder).snapshot().epoch == 2)
  }

  @Test func workersThatOnlyDieEndTheStudy() throws {
    let fixture = try Fixture()
    let coordinator = try Coordinator(
      fixture.options(shell: "echo cannot start >&2; exit 9"), source: ToySource(count: 3))
    let error = #expect(throws: CoordinationError.self) { try coordinator.run() }
    #expect(error?.code == .workersFail)
    #expect(error?.message.contains("exit status 9") == true)
    let log = try String(contentsOf: fixture.folder.log(ofWorker: 1), encoding: .utf8)
    #expect(log.split(separator: "\n").count == 4)
    // Whoever reads only the message knows why, and where to read on.
    #expect(error?.message.contains("cannot start") == true)
    #expect(error?.remedy?.contains(fixture.folder.log(ofWorker: 1).path) == true)
    #expect(error?.exitCode == .unavailable)
  }

  @Test(.timeLimit(.minutes(1)))
  func theLogTellsTheStudysStory() throws {
    let fixture = try Fixture()
    let artifacts = fixture.artifacts
    let sink = LineSink()
    let options = fixture.options(log: sink) { Self.startWorker($0, artifacts: artifacts) }
    let summary = try Coordinator(options, source: ToySource(count: 3)).run()
    let lines = sink.lines
    #expect(lines.first?.hasPrefix("notice: Study 'toy' begins: start 1, 1 workers at ipc://") == true, "\(lines)")
    #expect(lines.count { $0.hasPrefix("info: Worker 1 is process") } == 1)
    #expect(lines.count { $0.hasPrefix("info: joined: h, process 1") && $0.contains("worker=toy") } == 1, "\(lines)")
    #expect(lines.count { $0.hasPrefix("info: accepted") } == summary.records.count { $0.status == .done })
    #expect(lines.contains("notice: finished") && lines.last == "notice: The study is finished.")
  }

  /// `cat` ends with its standard input, which is the lifeline; `sleep` does not look at it and is killed.
  @Test(arguments: ["cat; echo let go", "echo $$; exec sleep 1000"])
  func workersEndWithTheirCoordinator(shell: String) throws {
    let fixture = try Fixture()
    let stop = try WakeUp()
    var options = fixture.options(shell: shell)
    options.stop = stop
    var updates = 0
    options.progress = { _ in
      updates += 1
      if updates == 2 { stop.signal() }
    }
    let summary = try Coordinator(options, source: ToySource(count: 3)).run()
    #expect(summary.ending == .stopped)
    let log = try String(contentsOf: fixture.folder.log(ofWorker: 1), encoding: .utf8)
    if let process = Int32(log.split(separator: "\n").first ?? "") {
      #expect(kill(process, 0) != 0)
    } else {
      #expect(log == "let go\n")
    }
  }

  // MARK: - The disk

  private final class Leases: Sendable {
    private let seen = Mutex<[Assignment]>([])
    func add(_ assignment: Assignment) { seen.withLock { $0.append(assignment) } }
    var all: [Assignment] { seen.withLock { $0 } }
  }

  @Test func aQuotaIsKeptAndNothingOnItsWayIsLost() throws {
    let size = 1_000_000
    var fixture = try Fixture(trials: 6)
    fixture.context.network = try fixture.artifacts.put(Data(count: size))
    // The dense network, the baseline, what nobody has told of, and 6 + 2 + 1 networks of trials: 12 MB. Two are kept free.
    fixture.context.spec.diskLimit = 9 * size
    // A worker that is dead put a network there; its result lies in its spool.
    let spooled = try fixture.artifacts.put(Data(repeating: 7, count: size))
    let (artifacts, leases) = (fixture.artifacts, Leases())
    var options = fixture.options {
      Self.startWorker($0, artifacts: artifacts, networkBytes: size, leased: { leases.add($0) })
    }
    options.timings.bookkeepingInterval = 0.05
    var largest = 0
    options.progress = { _ in largest = max(largest, (try? artifacts.totalSize()) ?? 0) }
    let summary = try Coordinator(options, source: NarrowSource(count: 6)).run()
    #expect(summary.ending == .finished && summary.missing.isEmpty && summary.pause == nil)
    #expect(summary.records.allSatisfy { $0.status == .done })
    #expect(largest > 5 * size && largest <= 9 * size)
    #expect(artifacts.contains(spooled) && artifacts.contains(fixture.context.network))
    let reader = try StudyReader(fixture.folder)
    let evicted = Set(try reader.history().filter { $0.kind == "evicted" }.compactMap(\.key))
    #expect(evicted.count >= 3)
    for record in summary.records where record.key.purpose == .trial {
      let isThere = record.result?.checkpoint.map { artifacts.contains($0) } == true
      #expect(isThere == !evicted.contains(record.key), "\(record.key)")
    }
    // Whoever was promoted after its network had left was told to make it again.
    for assignment in leases.all where assignment.key.purpose == .trial && assignment.key.rung > 0 {
      let parent = EvaluationKey(trial: assignment.key.trial, rung: assignment.key.rung - 1)
      #expect((assignment.rebuildRungs == nil) == (assignment.parentCheckpoint != nil), "\(assignment.key)")
      if assignment.rebuildRungs != nil { #expect(evicted.contains(parent)) }
    }
    let front = try #require(summary.front.first)
    #expect(!evicted.contains(front.key))
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.networks.path).count == 1)
  }

  @Test func aSearchWaitsForRoomOnItsDisk() throws {
    let fixture = try Fixture(trials: 2)
    let artifacts = fixture.artifacts
    let leases = Leases()
    var options = fixture.options { Self.startWorker($0, artifacts: artifacts, leased: { leases.add($0) }) }
    options.timings.bookkeepingInterval = 0.05
    // Full from the first trial on, until the search has said so thrice.
    let folder = fixture.folder
    var pauses: Set<String> = []
    options.freeSpace = { url in
      #expect(url == folder.url)
      let isFull = leases.all.count >= 2 && pauses.count < 3
      return FreeSpace(free: isFull ? 1000 + pauses.count : 1 << 40, capacity: 1 << 41)
    }
    var shown: String?
    options.progress = { progress in
      guard let pause = progress.pause else { return }
      pauses.insert(pause)
      shown = (try? StudyReader(folder).pause()) ?? shown
    }
    let summary = try Coordinator(options, source: ToySource(count: 2)).run()
    #expect(summary.ending == .finished && summary.pause == nil)
    #expect(pauses.count >= 3)
    let kinds = try StudyReader(folder).history().map(\.kind)
    let (start, end) = (try #require(kinds.firstIndex(of: "paused")), try #require(kinds.lastIndex(of: "unpaused")))
    #expect(!kinds[start..<end].contains("granted") && kinds[end...].contains("granted"))
    // What could leave has left, and counts as free.
    let pause = try #require(shown)
    #expect(pause.hasPrefix("paused: disk; ") && pause.contains(" free of 2.00 TiB, needs 256.0 MiB. "), "\(pause)")
    #expect(summary.records.allSatisfy { $0.status == .done && $0.attempts == 1 })
    #expect(try StudyReader(fixture.folder).pause() == nil)
  }

  /// Bit rot, or somebody who tidied up: the end of a night's search must not fail because of it.
  @Test(arguments: [true, false])
  func networksThatAreGoneAtTheEndAreNamed(hasEarlierExport: Bool) throws {
    let fixture = try Fixture(trials: 1)
    let artifacts = fixture.artifacts
    let first = try Coordinator(
      fixture.options { Self.startWorker($0, artifacts: artifacts) }, source: ToySource(count: 1)
    ).run()
    #expect(first.missing.isEmpty)
    let front = try #require(first.front.first)
    try artifacts.delete(try #require(front.result?.checkpoint))
    let file = fixture.folder.networks.appendingPathComponent("trial-0001-rung-2.onnx")
    if !hasEarlierExport { try FileManager.default.removeItem(at: file) }
    let again = try Coordinator(fixture.options(resumes: true), source: ToySource(count: 1)).run()
    #expect(again.ending == .finished)
    #expect(again.missing == (hasEarlierExport ? [] : [front.key]))
    #expect(FileManager.default.fileExists(atPath: file.path) == hasEarlierExport)
  }

  // MARK: - The folder is moved while the search runs

  enum Move: String, CaseIterable, Sendable { case renamed, parentRenamed, deleted, replaced, databaseReplaced }

  /// Within seconds the coordinator says what happened, and nothing appears under the old name; from the new name it goes on.
  @Test(arguments: Move.allCases)
  func aFolderThatWasMovedEndsTheSearch(move: Move) throws {
    let fixture = try Fixture()
    let artifacts = fixture.artifacts
    let old = fixture.folder.url
    let parent = fixture.keep.url
    let new = parent.appendingPathComponent("new name")
    let movedParent = URL(fileURLWithPath: parent.path + "-moved")
    defer { try? FileManager.default.removeItem(at: movedParent) }
    // The worker stops after three results, so that the search cannot end by itself.
    var options = fixture.options { Self.startWorker($0, artifacts: artifacts, limit: 3) }
    var updates = 0
    let files = FileManager.default
    options.progress = { progress in
      guard progress.trials > 1 else { return }
      updates += 1
      guard updates == 3 else { return }
      do {
        switch move {
        case .renamed: try files.moveItem(at: old, to: new)
        case .parentRenamed: try files.moveItem(at: parent, to: movedParent)
        case .deleted: try files.removeItem(at: old)
        case .replaced:
          try files.moveItem(at: old, to: new)
          try files.createDirectory(at: old, withIntermediateDirectories: true)
        case .databaseReplaced:
          try files.removeItem(at: fixture.folder.database)
          try Data("another".utf8).write(to: fixture.folder.database)
        }
      } catch {
        Issue.record("cannot set the scene: \(error)")
      }
    }
    let coordinator = try Coordinator(options, source: ToySource(count: 3))
    let error = #expect(throws: StudyStoreError.self) { try coordinator.run() }
    #expect(error?.code == .moved && error?.exitCode == .cannotCreate)
    let there =
      switch move {
      case .renamed, .replaced: new
      case .parentRenamed: movedParent.appendingPathComponent("out")
      case .deleted, .databaseReplaced: nil as URL?
      }
    switch move {
    case .renamed, .parentRenamed, .deleted: #expect(!files.fileExists(atPath: old.path))
    case .replaced: #expect(try files.contentsOfDirectory(atPath: old.path).isEmpty)
    case .databaseReplaced: #expect(try Data(contentsOf: fixture.folder.database) == Data("another".utf8))
    }
    #expect(error?.description.contains("deleted") == (move == .deleted))
    guard let there else { return }
    #expect(error?.description.contains("--resume --output '\(there.path)'") == true)

    // What was acknowledged is there, and the rest is found.
    let moved = StudyFolder(there)
    let before = try StudyReader(moved).snapshot().records.filter { $0.status == .done }
    #expect(before.count >= 2)
    let movedArtifacts = try ArtifactStore(existing: moved.artifacts)
    var rest = fixture.options(resumes: true) { Self.startWorker($0, artifacts: movedArtifacts) }
    rest.output = moved
    let summary = try Coordinator(rest, source: ToySource(count: 3)).run()
    #expect(summary.ending == .finished)
    for record in before { #expect(summary.records.contains(record)) }
  }
}
