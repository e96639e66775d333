import Coordination
import Foundation
import StudyModel
import StudyStore
import Testing
import WireProtocol

/// The sensitivity scan between the baseline and the first trial: evaluations like any other.
@Suite struct ScanPhaseTests {
  typealias Fixture = MachineFixture

  @Test func groupsAreMeasuredByAllWorkersBeforeTheFirstTrial() throws {
    var fixture = try Fixture(trials: 2, scans: 3)
    var (worker, first) = try fixture.begin()
    #expect(first.key == .scan(0) && first.plan == ToyStudy.scan(0))
    #expect((first.fromEpochs, first.toEpochs) == (0, 0) && first.parentCheckpoint == nil)
    #expect(fixture.machine.phase == .scan)
    #expect(fixture.journal.snapshot().order == [.baseline, .scan(0), .scan(1), .scan(2)], "all at once, on the disk")
    var (other, second) = try fixture.join(2)
    let shared = try #require(second)
    #expect(shared.key == .scan(1))
    let third = try #require(try fixture.finish(first, by: &worker))
    #expect(third.key == .scan(2) && third.plan == ToyStudy.scan(2) && third.toEpochs == 0, "no rung's epochs")
    // The last group still runs: no trial begins.
    #expect(try fixture.finish(shared, by: &other) == nil)
    let trial = try #require(try fixture.finish(third, by: &worker))
    #expect(trial.key.purpose == .trial && fixture.machine.phase == .search)
    let entries = fixture.machine.history.compactMap(\.result?.scan)
    #expect(entries.map(\.group) == ["group-0", "group-1", "group-2"], "the source sees what was found")
  }

  @Test func progressCountsGroups() throws {
    var fixture = try Fixture(scans: 4)
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    _ = try fixture.say(.ping(Fixture.ping(second)), by: &worker)
    let progress = fixture.machine.progress(front: [], now: fixture.now)
    #expect(progress.phase == .scan && progress.scans.finished == 1.5 && progress.scans.all == 4)
    #expect(progress.trials == 0 && progress.failed == 0)
  }

  @Test func aLostWorkerCostsOneGroup() throws {
    var fixture = try Fixture(trials: 1, scans: 3)
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    _ = try fixture.perform(.workerExited(processID: worker.processID, .signal(9)))
    #expect(fixture.machine.snapshot.evaluations[first.key]?.record.status == .done)
    #expect(fixture.machine.snapshot.evaluations[second.key]?.record.status == .pending)
    _ = try fixture.perform(.tick, after: 20)
    let (_, next) = try fixture.join(2)
    #expect(next?.key == second.key && next?.attempt == 2)
  }

  @Test func aStoppedScanGoesOnWhereItWas() throws {
    var fixture = try Fixture(trials: 1, scans: 3)
    var (worker, first) = try fixture.begin()
    let second = try #require(try fixture.finish(first, by: &worker))
    let actions = try fixture.perform(.stopRequested)
    #expect(Fixture.messages(in: actions, to: worker.peer) == [.bye(.stopping)])
    #expect(fixture.machine.outcome == .stopped)
    #expect(fixture.journal.snapshot().leases[second.lease]?.ending == .released)
    var after = try Fixture(trials: 1, scans: 3, journal: fixture.journal)
    let (_, again) = try after.join(2)
    #expect(again?.key == second.key && again?.plan == ToyStudy.scan(1))
    #expect(after.machine.snapshot.order.count { $0.purpose == .scan } == 3)
  }

  /// A scan is a hint: what cannot be measured does not end the search.
  @Test func groupsThatAreGivenUpDoNotHoldTheSearchBack() throws {
    var fixture = try Fixture(trials: 1, scans: 1)
    var (worker, first) = try fixture.begin()
    var next: Assignment? = first
    for _ in 0..<3 {
      let report = FailureReport(lease: try #require(next).lease, failure: FailurePolicyTests.failure(.deterministic))
      next = Fixture.assignment(in: try fixture.say(.failed(report), by: &worker))
      for _ in 0..<40 where next == nil {
        next = Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5))
      }
    }
    #expect(fixture.machine.snapshot.evaluations[first.key]?.record.status == .quarantined)
    #expect(next?.key == EvaluationKey(trial: TrialID(1), rung: 0))
  }

  @Test func resultsThatSayNothingOfAGroupAreRefused() throws {
    var fixture = try Fixture(scans: 1)
    var (worker, first) = try fixture.begin()
    for change: (inout EvaluationResult) -> Void in [
      { $0.scan = nil }, { $0.scan?.accuracy = 1.5 }, { $0.scan?.loss = .infinity },
    ] {
      var result = ToyStudy.result(first)
      change(&result)
      guard let report = try? ResultReport(lease: first.lease, result: result) else { continue }
      #expect(try fixture.say(.result(report), by: &worker).contains(.resultAcknowledged(first.lease, .invalid)))
    }
    #expect(fixture.machine.snapshot.evaluations[first.key]?.record.result == nil)
  }

  @Test func theTimeBudgetEndsTheScanToo() throws {
    var fixture = try Fixture(trials: 50, scans: 3, seconds: 100)
    var (worker, first) = try fixture.begin()
    for _ in 0..<22 { _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5) }
    // What runs may end; what waits is cancelled, and the study ends with the sealed baseline.
    let sealed = try #require(try fixture.finish(first, by: &worker))
    #expect(sealed.key == EvaluationKey(trial: TrialID(0), rung: 0, purpose: .sealedTest))
    let statuses = (0..<3).map { fixture.machine.snapshot.evaluations[.scan($0)]?.record.status }
    #expect(statuses == [.done, .cancelled, .cancelled])
    #expect(fixture.machine.snapshot.trials.count == 1)
  }

  /// Its first plans were made from a scan that is no evaluation; another one would change the rest of them.
  @Test func studiesWithTrialsButNoScanGoOnWithoutOne() throws {
    var before = try Fixture(trials: 3)
    let (_, first) = try before.begin()
    #expect(first.key == EvaluationKey(trial: TrialID(1), rung: 0))
    var after = try Fixture(trials: 3, scans: 2, journal: before.journal)
    let (_, next) = try after.join(2)
    #expect(next?.key == first.key)
    #expect(!after.machine.snapshot.order.contains { $0.purpose == .scan })
  }

  /// The row of the first group was damaged and set aside: the scan is made whole before the trials go on.
  @Test func aScanWhoseFirstGroupWasLostIsMadeWhole() throws {
    var before = try Fixture(trials: 3, scans: 2)
    var (worker, first) = try before.begin()
    let second = try #require(try before.finish(first, by: &worker))
    let trial = try #require(try before.finish(second, by: &worker))
    let journal = InMemoryJournal()
    try journal.commit(
      [
        .addTrial(EvaluationKey.baseline.trial, .dense(seed: 0)), .addEvaluation(.baseline),
        .addTrial(trial.key.trial, trial.plan), .addEvaluation(.scan(1)), .addEvaluation(trial.key),
      ], elapsed: 1)
    var after = try Fixture(trials: 3, scans: 2, journal: journal)
    let (_, again) = try after.begin()
    #expect(again.key.purpose == .scan && after.machine.phase == .scan)
    #expect(after.status(of: .scan(0)) != nil)
  }
}
