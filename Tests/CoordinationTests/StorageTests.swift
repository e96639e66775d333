import ArtifactStore
import Coordination
import Foundation
import StudyModel
import StudyStore
import Support
import Testing
import WireProtocol

/// A study whose disk is small: what leaves, what is made again, and when nothing more is given out.
@Suite struct StorageTests {
  typealias Fixture = MachineFixture

  private static let roomy = FreeSpace(free: 1 << 40, capacity: 1 << 41)

  /// Each network of the study has 100 bytes; with two workers 200 stay free.
  private func report(
    _ fixture: Fixture, without: Set<Digest> = [], space: FreeSpace? = roomy, more: [Digest: Int] = [:]
  ) -> CoordinatorEvent {
    var blobs = more
    blobs[ToyStudy.context().network] = 100
    for record in fixture.machine.snapshot.records {
      if let digest = record.result?.checkpoint, !without.contains(digest) { blobs[digest] = 100 }
    }
    return .storage(StorageReport(blobs: blobs, space: space))
  }

  private func evicted(_ actions: [CoordinatorAction]) -> [Digest] {
    actions.flatMap { if case .evict(let digests) = $0 { digests } else { [Digest]() } }
  }

  private func leased(_ actions: [CoordinatorAction]) -> Assignment? {
    for case .send(.lease(let grant), _) in actions { return grant.assignment }
    return nil
  }

  private func checkpoint(_ assignment: Assignment) throws -> Digest {
    try #require(ToyStudy.result(assignment).checkpoint)
  }

  @Test func aPromotedTrialWhoseNetworkLeftIsMadeAgain() throws {
    var fixture = try Fixture(trials: 3, disk: 500, source: NarrowSource(count: 3))
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    let third = try #require(try fixture.finish(second, by: &worker))
    // 400 bytes and room for 200: the trial that comes last among those that may go on leaves. It is the oldest.
    let actions = try fixture.perform(report(fixture))
    #expect(evicted(actions) == [try checkpoint(first)])
    let note = try #require(fixture.journal.history().first { $0.kind == "evicted" })
    let name = try checkpoint(first).short
    #expect(note.key == first.key && note.detail.contains(name))
    #expect(fixture.machine.shortage == nil)

    // It is the best of the three all the same.
    let next = try #require(try fixture.finish(third, by: &worker))
    #expect(next.key == EvaluationKey(trial: first.key.trial, rung: 1))
    #expect(next.parentCheckpoint == nil && next.rebuildRungs == [0])
    #expect((next.fromEpochs, next.toEpochs) == (0, 1))
    #expect(next.timeLimit >= 2 * fixture.machine.timings.evaluationLimit)
    // What it wrote is there, and the next rung starts from it.
    let last = try #require(try fixture.finish(next, by: &worker))
    #expect(last.key.rung == 2 && last.rebuildRungs == nil)
    #expect(last.parentCheckpoint == (try checkpoint(next)))
  }

  /// The front is written once more when the search ends, and the quota holds for the whole folder.
  @Test func roomIsKeptForTheNetworksOfTheEnd() throws {
    var fixture = try Fixture(trials: 3, disk: 650)
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    _ = try fixture.finish(second, by: &worker)
    guard case .storage(var seen) = report(fixture) else { return }
    // 400 bytes, and room for 200: all may stay where nothing is exported, and where it is exported already.
    #expect(evicted(try fixture.perform(.storage(seen))).isEmpty)
    seen.exportedBytes = 200
    #expect(evicted(try fixture.perform(.storage(seen))).isEmpty)
    // Both trials are on the front.
    seen.exportedBytes = 0
    #expect(evicted(try fixture.perform(.storage(seen))).count == 2)
  }

  @Test func whatRunsKeepsWhatItStartsFrom() throws {
    var fixture = try Fixture(trials: 1, disk: 1)
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    // The dense network, the baseline and the parent: none may leave, and so nothing new begins.
    #expect(evicted(try fixture.perform(report(fixture))).isEmpty)
    let shortage = try #require(fixture.machine.shortage)
    #expect(shortage.description.hasPrefix("paused: disk; 300 B must stay, and the quota is 1 B, needs 500 B."))
    #expect(fixture.machine.progress(front: [], now: fixture.now).pause == shortage.description)
    // What runs may end.
    #expect(try fixture.finish(second, by: &worker) == nil)
    #expect(fixture.machine.snapshot.evaluations[second.key]?.record.status == .done)
    // Its parent is of no use now, and what it wrote itself can be made again; the quota is as small as before.
    #expect(evicted(try fixture.perform(report(fixture))) == [try checkpoint(first), try checkpoint(second)])
    #expect(fixture.machine.shortage != nil && fixture.machine.outcome == nil)
    let kinds = fixture.journal.history().map(\.kind)
    #expect(kinds.count { $0 == "paused" } == 1 && !kinds.contains("unpaused") && !kinds.contains("failure"))
  }

  @Test func aFullDiskPausesTheSearchUntilThereIsRoom() throws {
    var fixture = try Fixture(trials: 3, source: NarrowSource(count: 3))
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    // A disk of 100 kB keeps 5 kB free; without a quota networks leave only now.
    #expect(evicted(try fixture.perform(report(fixture))).isEmpty)
    let full = FreeSpace(free: 4000, capacity: 100_000)
    #expect(evicted(try fixture.perform(report(fixture, space: full))) == [try checkpoint(first)])
    let pause = try #require(fixture.machine.shortage?.description)
    #expect(
      pause == "paused: disk; 4.00 KiB free of 97.7 KiB, needs 4.88 KiB. Make room, and the search goes on by itself.")
    #expect(try fixture.finish(second, by: &worker) == nil)
    // Some room is not enough: it would be full again at once.
    let gone: Set = [try checkpoint(first)]
    let little = FreeSpace(free: 5500, capacity: 100_000)
    #expect(leased(try fixture.perform(report(fixture, without: gone, space: little))) == nil)
    #expect(fixture.machine.shortage != nil)
    // Enough is, and nothing was charged for the pause.
    let enough = FreeSpace(free: 7000, capacity: 100_000)
    let third = try #require(leased(try fixture.perform(report(fixture, without: gone, space: enough))))
    #expect(third.key == EvaluationKey(trial: TrialID(3), rung: 0))
    #expect(fixture.machine.shortage == nil)
    let history = fixture.journal.history()
    #expect(history.filter { $0.kind.hasSuffix("paused") }.map(\.kind) == ["paused", "unpaused"])
    #expect(fixture.machine.snapshot.evaluations.values.allSatisfy { $0.failures.isEmpty })
    #expect(!history.contains { $0.kind == "network lost" })
  }

  @Test func nothingThatNoFinishedRecordNamesLeaves() throws {
    var fixture = try Fixture(trials: 1, disk: 1)
    let (_, first) = try fixture.begin()
    // The result of the running evaluation is spooled somewhere: its network lies there, and nobody has told of it.
    let spooled = try checkpoint(first)
    #expect(evicted(try fixture.perform(report(fixture, more: [spooled: 100]))).isEmpty)
    _ = try fixture.perform(.workerExited(processID: 1, .signal(9)))
    #expect(evicted(try fixture.perform(report(fixture, more: [spooled: 100]))).isEmpty)
    #expect(fixture.machine.shortage != nil)
    // Its successor finds it in the spool and is heard, although nothing is given out.
    var successor = Fixture.worker(2)
    _ = try fixture.say(Fixture.hello(successor, spooled: [first.lease], run: "run"), by: &successor)
    let result = try ResultReport(lease: first.lease, result: ToyStudy.result(first))
    #expect(try fixture.say(.result(result), by: &successor).contains(.resultAcknowledged(first.lease, .accepted)))
  }

  @Test func aCheckpointThatAnEngineCannotReadCostsNothingAndIsMadeAgain() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    let failure = EvaluationFailure(failureClass: .checkpointGone, message: "It is not there.")
    let answers = try fixture.say(.failed(FailureReport(lease: second.lease, failure: failure)), by: &worker)
    #expect(answers.contains(.failureAcknowledged(second.lease)))
    let again = try #require(Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker)))
    #expect(again.key == second.key && again.parentCheckpoint == nil && again.rebuildRungs == [0])
    let evaluation = try #require(fixture.machine.snapshot.evaluations[second.key])
    #expect(evaluation.failures.map(\.kind) == [.loss])
    #expect(fixture.journal.history().contains { $0.kind == "network lost" && $0.key == first.key })
    // The file may be there and damaged: a listing that shows it proves nothing.
    _ = try fixture.perform(report(fixture))
    _ = try fixture.say(.release(again.lease), by: &worker)
    let third = try #require(Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker)))
    #expect(third.rebuildRungs == [0])
  }

  @Test func evaluationsThatFoundTheDiskFullAreNotCharged() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    let failure = EvaluationFailure(failureClass: .diskFull, message: "The disk is full.")
    _ = try fixture.say(.failed(FailureReport(lease: first.lease, failure: failure)), by: &worker)
    let evaluation = try #require(fixture.machine.snapshot.evaluations[first.key])
    #expect(evaluation.failures.map(\.kind) == [.loss] && evaluation.record.status == .pending)
    // The look at the disk that follows pauses the search, until there is room.
    _ = try fixture.perform(report(fixture, space: FreeSpace(free: 0, capacity: 100_000)))
    #expect(Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker)) == nil)
    #expect(leased(try fixture.perform(report(fixture)))?.key == first.key)
  }

  @Test func anEngineThatCannotDoWithoutTheCheckpointFails() throws {
    var fixture = try Fixture(trials: 1) { $0.studyFailureLimit = 1000 }
    var (worker, first) = try fixture.begin()
    var next = try fixture.finish(first, by: &worker)
    let failure = EvaluationFailure(failureClass: .checkpointGone, message: "It is not there.")
    for _ in 0..<200 {
      if let assignment = next {
        guard assignment.key.purpose == .trial else { break }
        _ = try fixture.say(.failed(FailureReport(lease: assignment.lease, failure: failure)), by: &worker)
      }
      // What failed by itself waits before its next attempt.
      next = Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5))
    }
    let key = EvaluationKey(trial: TrialID(1), rung: 1)
    let evaluation = try #require(fixture.machine.snapshot.evaluations[key])
    // The first was a loss; the others had been told to do without it, and so are its own.
    #expect(evaluation.record.status == .quarantined && evaluation.failures.map(\.kind) == [.loss, .own, .own, .own])
    #expect(fixture.journal.history().count { $0.kind == "network lost" } == 1)
  }

  /// Up to the sealed tests of a study of one trial, whose only front network is gone.
  @Test func aNetworkOfTheFrontThatIsGoneIsMadeAgainByItsSealedTest() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, next) = try fixture.begin()
    for _ in 0..<3 { next = try #require(try fixture.finish(next, by: &worker)) }
    #expect(next.key == EvaluationKey(trial: TrialID(0), rung: 0, purpose: .sealedTest))
    let front = try #require(
      fixture.machine.snapshot.records.last { $0.key.rung == 2 && $0.key.purpose == .trial }?.result?.checkpoint)
    let baseline = try #require(fixture.machine.snapshot.evaluations[.baseline]?.record.result?.checkpoint)
    _ = try fixture.perform(report(fixture, without: [front, baseline]))
    _ = try fixture.say(.release(next.lease), by: &worker)
    // The baseline is the dense network, whatever became of its copy.
    let again = try #require(Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker)))
    #expect(again.key == next.key && again.parentCheckpoint == nil && again.rebuildRungs == nil)
    let last = try #require(try fixture.finish(again, by: &worker))
    #expect(last.key.trial == TrialID(1) && last.key.purpose == .sealedTest)
    #expect(last.parentCheckpoint == nil && last.rebuildRungs == [0, 1, 3])
    #expect((last.fromEpochs, last.toEpochs) == (3, 3))
    let lost = fixture.journal.history().filter { $0.kind == "network lost" }
    #expect(lost.count == 1 && lost.first?.detail.hasPrefix("2 networks") == true)
  }

  @Test func sealedTestsGoOnUnderAFullQuota() throws {
    var fixture = try Fixture(trials: 1, disk: 1)
    var (worker, next) = try fixture.begin()
    for _ in 0..<2 { next = try #require(try fixture.finish(next, by: &worker)) }
    _ = try fixture.perform(report(fixture))
    #expect(fixture.machine.shortage != nil)
    let sealed = try #require(
      try fixture.finish(next, by: &worker), "the search ended, and its sealed tests write nothing")
    #expect(sealed.key.purpose == .sealedTest)
    // A full disk is another matter: even the database may not fit.
    let full = FreeSpace(free: 0, capacity: 100_000)
    _ = try fixture.perform(report(fixture, space: full))
    #expect(try fixture.finish(sealed, by: &worker) == nil)
    // What the sealed tests were of waits for its export, whatever the quota.
    let front = try #require(
      fixture.machine.snapshot.records.last { $0.key.rung == 2 && $0.key.purpose == .trial }?.result?.checkpoint)
    #expect(!fixture.journal.history().contains { $0.kind == "evicted" && $0.detail.contains(front.short) })
  }

  @Test func aCoordinatorThatComesBackKnowsWhatItsNetworksAreGoodFor() throws {
    var before = try Fixture(trials: 4)
    var (worker, next) = try before.begin()
    // Four at rung 0, the best of them at rung 1; the second best begins there.
    for _ in 0..<5 { next = try #require(try before.finish(next, by: &worker)) }
    #expect(next.key == EvaluationKey(trial: TrialID(2), rung: 1))
    // 700 bytes and room for 200: the first thing that the next coordinator sees is its disk.
    var after = try Fixture(trials: 4, disk: 600, journal: before.journal)
    let leaving = evicted(try after.perform(report(after)))
    let notes = after.journal.history().filter { $0.kind == "evicted" }
    #expect(leaving.count == 3)
    // The way to the front, then what is at rung 0 beside it; the parent of what waits and the front stay.
    #expect(notes.map { $0.key?.trial } == [TrialID(1), TrialID(3), TrialID(4)])
    #expect(notes.allSatisfy { $0.key?.rung == 0 })
    let usefulness = [EvictionPlan.Usefulness.chainOfFront, .mayGoOn, .mayGoOn]
    #expect(zip(notes, usefulness).allSatisfy { $0.detail.hasSuffix($1.text) }, "\(notes.map(\.detail))")
  }

  @Test func aNetworkThatVanishesBetweenLeaseAndLoadIsNobodysFault() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    #expect(second.parentCheckpoint != nil)
    // The coordinator sees it before the engine says so.
    _ = try fixture.perform(report(fixture, without: [try checkpoint(first)]))
    let failure = EvaluationFailure(failureClass: .checkpointGone, message: "It is not there.")
    _ = try fixture.say(.failed(FailureReport(lease: second.lease, failure: failure)), by: &worker)
    #expect(fixture.machine.snapshot.evaluations[second.key]?.failures.map(\.kind) == [.loss])
    let again = try #require(Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker)))
    #expect(again.key == second.key && again.rebuildRungs == [0])
  }

  @Test func whatWasEvictedIsNotCalledLostAfterARestart() throws {
    var before = try Fixture(trials: 3, disk: 500, source: NarrowSource(count: 3))
    var (worker, first) = try before.begin()
    let second = try #require(try before.finish(first, by: &worker))
    _ = try before.finish(second, by: &worker)
    let gone = evicted(try before.perform(report(before)))
    #expect(gone.count == 1)
    var after = try Fixture(trials: 3, disk: 500, journal: before.journal, source: NarrowSource(count: 3))
    _ = try after.perform(report(after, without: Set(gone)))
    #expect(!after.journal.history().contains { $0.kind == "network lost" })
    let other = try checkpoint(second)
    _ = try after.perform(report(after, without: Set(gone).union([other])))
    #expect(after.journal.history().filter { $0.kind == "network lost" }.map(\.key) == [second.key])
  }
}
