import ArtifactStore
import Coordination
import Foundation
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

    init(trials: Int = 3) throws {
      keep = try TemporaryFolder()
      folder = StudyFolder(keep.url.appendingPathComponent("out"))
      artifacts = try ArtifactStore(folder: folder.artifacts)
      context = ToyStudy.context(trials: trials)
      context.network = try artifacts.put(Data("network".utf8))
      context.artifactFolder = folder.artifacts.path
    }

    func options(resumes: Bool = false, shell: String = "cat", onStart: @escaping @Sendable (String) -> Void = { _ in })
      -> Coordinator.Options
    {
      Coordinator.Options(
        output: folder, context: context, identity: Digest(of: Data("identity".utf8)), resumes: resumes, workerCount: 1,
        workerProgram: Coordinator.WorkerProgram(executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"]) {
          endpoint, _, _ in
          onStart(endpoint)
          return ["-c", shell]
        }, classCount: 10)
    }
  }

  /// Serves a coordinator from a thread of its own until it is told to leave, or has finished `limit` evaluations.
  private static func startWorker(
    _ endpoint: String, artifacts: ArtifactStore, limit: Int = .max, done: @escaping @Sendable (Int) -> Void = { _ in }
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
              var result = ToyStudy.result(grant.assignment)
              if result.checkpoint != nil {
                result.checkpoint = try artifacts.put(Data("network of \(grant.assignment.key)".utf8))
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
    var options = fixture.options(resumes: true)
    options.identity = Digest(of: Data("another network".utf8))
    error = #expect(throws: CoordinationError.self) { try Coordinator(options, source: ToySource(count: 3)) }
    #expect(error?.code == .studyChanged)
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
}
