import Coordination
import Foundation
import Launching
import StudyModel
import StudyStore
import Support
import Testing
import WireProtocol

/// Scripts of events and what must follow from them.
@Suite struct MachineTests {
  typealias Fixture = MachineFixture

  @Test func baselineComesFirstAndLeasesAreStoredBeforeTheyAreSent() throws {
    var fixture = try Fixture()
    let (_, assignment) = try fixture.join(1)
    #expect(assignment?.key == .baseline)
    #expect(assignment?.plan.removesNothing == true)
    #expect(fixture.journal.snapshot().evaluations[.baseline]?.record.status == .leased)
    let (_, second) = try fixture.join(2)
    #expect(second == nil)
  }

  @Test func rungsContinueFromTheirParents() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    #expect(first.key == EvaluationKey(trial: TrialID(1), rung: 0))
    #expect((first.fromEpochs, first.toEpochs) == (0, 0) && first.parentCheckpoint == nil)
    let second = try #require(try fixture.finish(first, by: &worker))
    #expect(second.key.rung == 1 && second.fromEpochs == 0 && second.toEpochs == 1)
    #expect(second.parentCheckpoint == ToyStudy.result(first).checkpoint)
    let third = try #require(try fixture.finish(second, by: &worker))
    #expect(third.key.rung == 2 && third.fromEpochs == 1 && third.toEpochs == 3)
    let sealed = try #require(try fixture.finish(third, by: &worker))
    #expect(sealed.key == EvaluationKey(trial: TrialID(0), rung: 0, purpose: .sealedTest))
    let last = try #require(try fixture.finish(sealed, by: &worker))
    #expect(last.key == EvaluationKey(trial: TrialID(1), rung: 2, purpose: .sealedTest))
    #expect(last.parentCheckpoint == ToyStudy.result(third).checkpoint && last.fromEpochs == last.toEpochs)
    let report = try ResultReport(lease: last.lease, result: ToyStudy.result(last))
    let answers = try fixture.say(.result(report), by: &worker)
    #expect(answers == [.resultAcknowledged(last.lease, .accepted), .bye(.finished)])
    #expect(fixture.machine.outcome == .finished)
    #expect(fixture.journal.snapshot().isFinished)
  }

  @Test func creditIsNeverExceeded() throws {
    var fixture = try Fixture()
    var (worker, _) = try fixture.begin()
    // A PING that was sent before the LEASE arrived still speaks of a free slot.
    #expect(Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker)) == nil)
    #expect(Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 5)), by: &worker)) == nil)
  }

  @Test func oldMessagesDoNotGiveCredit() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    let report = try ResultReport(lease: first.lease, result: ToyStudy.result(first))
    _ = try fixture.say(.result(report), by: &worker)
    worker.sequence -= 3
    #expect(Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker)) == nil)
  }

  @Test func resultsAreStoredOnceAndAnsweredEachTime() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    let report = try ResultReport(lease: first.lease, result: ToyStudy.result(first))
    #expect(try fixture.say(.result(report), by: &worker).contains(.resultAcknowledged(first.lease, .accepted)))
    #expect(try fixture.say(.result(report), by: &worker).contains(.resultAcknowledged(first.lease, .duplicate)))
    let unknown = ResultReport(lease: LeaseID(999), bytes: report.bytes)
    #expect(try fixture.say(.result(unknown), by: &worker).contains(.resultAcknowledged(LeaseID(999), .stale)))
    #expect(fixture.journal.history().count { $0.kind == "accepted" && $0.key == first.key } == 1)
  }

  @Test func aSecondResultThatDiffersIsNoted() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    _ = try fixture.say(
      .result(try ResultReport(lease: first.lease, result: ToyStudy.result(first))), by: &worker)
    var other = ToyStudy.result(first)
    other.timings = ["evaluate": 3]
    _ = try fixture.say(.result(try ResultReport(lease: first.lease, result: other)), by: &worker)
    #expect(!fixture.journal.history().contains { $0.kind == "mismatch" })
    other.measures.loss += 0.5
    _ = try fixture.say(.result(try ResultReport(lease: first.lease, result: other)), by: &worker)
    #expect(fixture.journal.history().count { $0.kind == "mismatch" } == 1)
  }

  @Test(arguments: [0, 1, 2, 3])
  func impossibleResultsAreRefusedAndCharged(kind: Int) throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    var result = ToyStudy.result(first)
    if kind == 0 { result.measures.accuracy.successes = result.measures.accuracy.total + 1 }
    if kind == 1 { result.measures.loss = .nan }
    if kind == 2 { result.checkpoint = nil }
    var report = try ResultReport(lease: first.lease, result: result)
    if kind == 3 { report.bytes.append(32) }
    #expect(try fixture.say(.result(report), by: &worker).contains(.resultAcknowledged(first.lease, .invalid)))
    let evaluation = try #require(fixture.machine.snapshot.evaluations[first.key])
    #expect(evaluation.failures.map(\.kind) == [.own])
    #expect(evaluation.record.result == nil && evaluation.record.status == .pending)
  }

  @Test func resultsWithoutTheirArtifactsAreRefused() throws {
    var fixture = try Fixture()
    let (worker, first) = try fixture.begin()
    let report = try ResultReport(lease: first.lease, result: ToyStudy.result(first))
    let envelope = Envelope(
      epoch: fixture.epoch, sequence: worker.sequence + 1, message: WorkerMessage.result(report))
    let actions = try fixture.perform(.incompleteResult(envelope, from: worker.peer, missing: "no network"))
    #expect(Fixture.messages(in: actions, to: worker.peer).contains(.resultAcknowledged(first.lease, .invalid)))
  }

  // MARK: - Leases

  @Test func silentLeasesExpireAsLosses() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5)
    for _ in 0..<5 { _ = try fixture.perform(.tick, after: 11) }
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == nil)
    _ = try fixture.perform(.tick, after: 6)
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == .expired)
    #expect(fixture.failures(of: first.key).map(\.kind) == [.loss])
  }

  @Test func lateResultsOfExpiredLeasesCountAndEndTheNewerLease() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    for _ in 0..<8 { _ = try fixture.perform(.tick, after: 10) }
    var (other, second) = try fixture.join(2)
    let again = try #require(second)
    #expect(again.key == first.key && again.attempt == 2 && again.lease != first.lease)
    // The first worker comes back with a new connection.
    _ = try fixture.say(Fixture.hello(worker, spooled: [first.lease], run: "run"), by: &worker)
    let report = try ResultReport(lease: first.lease, result: ToyStudy.result(first))
    worker.sequence += 1
    let envelope = Envelope(epoch: fixture.epoch, sequence: worker.sequence, message: WorkerMessage.result(report))
    let actions = try fixture.perform(.message(envelope, from: worker.peer))
    #expect(Fixture.messages(in: actions, to: worker.peer).contains(.resultAcknowledged(first.lease, .accepted)))
    #expect(Fixture.messages(in: actions, to: other.peer).contains(.cancel(again.lease)))
    #expect(fixture.machine.snapshot.leases[again.lease]?.ending == .superseded)
    let late = try ResultReport(lease: again.lease, result: ToyStudy.result(again))
    #expect(try fixture.say(.result(late), by: &other).contains(.resultAcknowledged(again.lease, .duplicate)))
  }

  @Test func grantsThatNeverArrivedAreTakenBackWithoutCharge() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    for _ in 0..<3 { _ = try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5) }
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == .withdrawn)
    #expect(fixture.failures(of: first.key).isEmpty)
    // And the worker has got it, or another, again.
    #expect(fixture.machine.snapshot.leases.values.contains { $0.ending == nil && $0.worker == worker.name })
  }

  @Test func undeliverableGrantsAreTakenBackAtOnce() throws {
    var fixture = try Fixture()
    let (worker, first) = try fixture.begin()
    _ = try fixture.perform(.undeliverable(to: worker.peer))
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == .withdrawn)
  }

  @Test func aSuspendedCoordinatorExpiresNothing() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 1)
    let before = fixture.machine.elapsed(at: fixture.now)
    _ = try fixture.perform(.tick, after: 1800)
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == nil)
    #expect(fixture.machine.elapsed(at: fixture.now) == before)
    for _ in 0..<7 { _ = try fixture.perform(.tick, after: 10) }
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == .expired)
  }

  @Test func deathsOfWorkerProcessesEndTheirLeasesAtOnce() throws {
    var fixture = try Fixture()
    let (worker, first) = try fixture.begin()
    _ = try fixture.perform(.workerExited(processID: worker.processID, .signal(9)))
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == .lost)
    #expect(fixture.failures(of: first.key).map(\.kind) == [.suspicion])
    // Its successor gets the same evaluation once the back-off is over.
    _ = try fixture.perform(.tick, after: 5)
    let (_, next) = try fixture.join(2)
    #expect(next?.key == first.key && next?.attempt == 2)
  }

  @Test func workersThatLeaveOrGiveBackAreNotCharged() throws {
    for message in [WorkerMessage.bye(.stopping), .release(LeaseID(2))] {
      var fixture = try Fixture()
      var (worker, first) = try fixture.begin()
      #expect(first.lease == LeaseID(2))
      _ = try fixture.say(message, by: &worker)
      #expect(fixture.machine.snapshot.leases[first.lease]?.ending == .released)
      #expect(fixture.failures(of: first.key).isEmpty)
    }
  }

  // MARK: - Restarts

  @Test func aNewCoordinatorGoesOnWithoutWaiting() throws {
    var before = try Fixture()
    let (_, first) = try before.begin()
    var after = try Fixture(journal: before.journal)
    #expect(after.epoch == 2)
    #expect(after.machine.snapshot.leases[first.lease]?.ending == .released)
    let (_, next) = try after.join(2)
    #expect(next?.key == first.key && next?.attempt == 2)
    #expect(try #require(next).lease > first.lease)
  }

  @Test func workersThatOutlivedTheCoordinatorKeepTheirWork() throws {
    var before = try Fixture()
    var (worker, first) = try before.begin()
    var after = try Fixture(journal: before.journal)
    // Unknown sessions and messages of the old epoch are told to say HELLO.
    let old = Envelope(epoch: 1, sequence: 50, message: WorkerMessage.ping(Fixture.ping(first)))
    let refused = Fixture.messages(in: try after.perform(.message(old, from: worker.peer)), to: worker.peer)
    #expect(
      refused.contains { if case .reject(let rejection) = $0 { rejection.code == .unknownSession } else { false } })
    worker.sequence = 60
    let answers = try after.say(Fixture.hello(worker, held: [first.lease], run: "run"), by: &worker)
    #expect(!answers.contains(.cancel(first.lease)))
    #expect(after.machine.snapshot.evaluations[first.key]?.openLease == first.lease)
    let report = try ResultReport(lease: first.lease, result: ToyStudy.result(first))
    #expect(try after.say(.result(report), by: &worker).contains(.resultAcknowledged(first.lease, .accepted)))
  }

  @Test func messagesOfAnotherEpochAreNotActedOn() throws {
    var before = try Fixture()
    _ = try before.begin()
    var after = try Fixture(journal: before.journal)
    let (worker, first) = try after.join(1)
    let assignment = try #require(first)
    let report = try ResultReport(lease: assignment.lease, result: ToyStudy.result(assignment))
    for epoch in [UInt64(1), 3] {
      let replay = Envelope(epoch: epoch, sequence: 99, message: WorkerMessage.result(report))
      let answers = Fixture.messages(in: try after.perform(.message(replay, from: worker.peer)), to: worker.peer)
      #expect(answers == [.reject(Rejection(code: .unknownSession, text: "Say HELLO first."))])
    }
    #expect(after.machine.snapshot.evaluations[assignment.key]?.record.status == .leased)
  }

  @Test func restartGraceKeepsOldWorkForItsWorkers() throws {
    var before = try Fixture(trials: 1)
    let (_, first) = try before.begin()
    var after = try Fixture(trials: 1, journal: before.journal) { $0.restartGrace = 120 }
    let (_, next) = try after.join(2)
    #expect(next == nil)
    _ = try after.perform(.tick, after: 30)
    var (other, _) = try after.join(3)
    var got: Assignment?
    for _ in 0..<20 where got == nil {
      got = Fixture.assignment(in: try after.say(.ping(Ping(leases: [], freeSlots: 1)), by: &other, after: 5))
    }
    #expect(got?.key == first.key)
    #expect(after.now >= 120)
  }

  @Test func leasesThatAreNotOursAreDropped() throws {
    var fixture = try Fixture()
    let (_, first) = try fixture.begin()
    var stranger = Fixture.worker(9)
    let answers = try fixture.say(
      Fixture.hello(stranger, held: [first.lease], run: "another run"), by: &stranger)
    #expect(answers.contains(.cancel(first.lease)))
    var late = Fixture.worker(8)
    #expect(try fixture.say(Fixture.hello(late, held: [LeaseID(77)]), by: &late).contains(.cancel(LeaseID(77))))
  }

  @Test func twoProcessesCannotShareAnIncarnation() throws {
    var fixture = try Fixture()
    let (worker, _) = try fixture.begin()
    var twin = Fixture.ToyWorker(
      peer: PeerID([99]), incarnation: worker.incarnation, name: "twin", processID: 4242)
    let answers = try fixture.say(Fixture.hello(twin), by: &twin)
    #expect(
      answers.contains {
        if case .reject(let rejection) = $0 { rejection.code == .duplicateIncarnation } else { false }
      })
  }

  @Test func otherProtocolsAreRefused() throws {
    var fixture = try Fixture()
    var worker = Fixture.worker(1)
    let hello = WorkerMessage.hello(
      Hello(
        protocols: 7...9, build: "9", incarnation: worker.incarnation, host: "h", label: "w", processID: 1,
        device: "cpu", slots: 1))
    let answers = try fixture.say(hello, by: &worker)
    #expect(answers.contains { if case .reject(let rejection) = $0 { rejection.code == .version } else { false } })
  }
}

extension MachineFixture {
  static func ping(_ assignment: Assignment) -> Ping {
    Ping(
      leases: [LeaseProgress(lease: assignment.lease, counter: 1, fraction: 0.5, step: "fine-tune")], freeSlots: 0)
  }
}
