import Coordination
import Foundation
import StudyModel
import StudyStore
import Support
import Testing
import WireProtocol

/// What failures cost, whom, and when a study ends by them.
@Suite struct FailurePolicyTests {
  typealias Fixture = MachineFixture

  static func failure(_ failureClass: FailureClass) -> EvaluationFailure {
    EvaluationFailure(failureClass: failureClass, message: "It broke.", exitStatus: 1)
  }

  /// Fails whatever the worker gets until `key` has an end, and returns its attempts.
  private func failAll(_ failureClass: FailureClass, limit: Int) throws -> StudySnapshot.Evaluation {
    // Breakers and the study's end by failures are not what is looked at.
    var fixture = try Fixture(trials: 1) { $0.studyFailureLimit = 1000 }
    var (worker, first) = try fixture.begin()
    var next: Assignment? = first
    for _ in 0..<limit {
      guard let assignment = next else { break }
      let report = FailureReport(lease: assignment.lease, failure: Self.failure(failureClass))
      var answers = try fixture.say(.failed(report), by: &worker)
      #expect(answers.contains(.failureAcknowledged(assignment.lease)))
      next = nil
      for _ in 0..<250 where next == nil && fixture.machine.outcome == nil {
        answers = try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5)
        next = Fixture.assignment(in: answers)
        if next?.key.purpose == .sealedTest { next = nil; break }
      }
      if fixture.machine.snapshot.evaluations[first.key]?.record.status == .quarantined { break }
    }
    return try #require(fixture.machine.snapshot.evaluations[first.key])
  }

  @Test(arguments: [FailureClass.transient, .internal, .deterministic, .badInput, .resource])
  func theLoneWorkerTriesThreeTimes(failureClass: FailureClass) throws {
    let evaluation = try failAll(failureClass, limit: 30)
    #expect(evaluation.record.status == .quarantined)
    #expect(evaluation.record.attempts == 3)
    #expect(evaluation.record.failure?.failureClass == failureClass)
    #expect(evaluation.record.reason?.contains("3 times on worker-1") == true)
  }

  /// More than any limit that there ever was.
  @Test func hostsThatAreTakenAwayNeverSetAnythingAside() throws {
    let evaluation = try failAll(.preempted, limit: 30)
    #expect(evaluation.record.status != .quarantined && evaluation.record.attempts >= 30)
    #expect(evaluation.failures.allSatisfy { $0.kind == .loss } && evaluation.failures.count == 30)
  }

  @Test func failuresAreCountedOnceHoweverOftenTheyAreSent() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    let report = FailureReport(lease: first.lease, failure: Self.failure(.transient))
    for _ in 0..<4 {
      #expect(try fixture.say(.failed(report), by: &worker).contains(.failureAcknowledged(first.lease)))
    }
    #expect(fixture.failures(of: first.key).count == 1)
  }

  @Test func retriesWaitAndGoElsewhereFirst() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    let report = FailureReport(lease: first.lease, failure: Self.failure(.transient))
    _ = try fixture.say(.failed(report), by: &worker)
    let (other, none) = try fixture.join(2)
    #expect(none == nil)
    // The first back-off is at most five seconds; only the other worker gets it then.
    #expect(
      Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5)) == nil)
    #expect(fixture.machine.snapshot.evaluations[first.key]?.record.worker == other.name)
  }

  @Test func theLoneWorkerGetsItsOwnRetries() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    let report = FailureReport(lease: first.lease, failure: Self.failure(.transient))
    _ = try fixture.say(.failed(report), by: &worker)
    let again = Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5))
    #expect(again?.key == first.key)
  }

  @Test func aWorkerThatFailsEverythingIsPutAsideAndItsChargesUndone() throws {
    var fixture = try Fixture(trials: 20)
    var (good, kept) = try fixture.begin()
    var (bad, next) = try fixture.join(2)
    var failed: [EvaluationKey] = []
    for _ in 0..<3 {
      let assignment = try #require(next)
      failed.append(assignment.key)
      let report = FailureReport(lease: assignment.lease, failure: Self.failure(.deterministic))
      _ = try fixture.say(.failed(report), by: &bad)
      next = Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &bad))
    }
    #expect(Set(failed).count == 3)
    #expect(next == nil)
    for key in failed {
      #expect(fixture.failures(of: key).map(\.counts) == [false])
      #expect(fixture.status(of: key) == .pending)
    }
    // The good worker goes on, and with its success nothing else ends.
    let more = try fixture.finish(kept, by: &good)
    #expect(more != nil)
    #expect(fixture.machine.outcome == nil)
  }

  @Test func aWorkerWhoseFailuresRepeatElsewhereIsReadmitted() throws {
    var fixture = try Fixture(trials: 3) { $0.avoidance = 1000 }
    var (good, kept) = try fixture.begin()
    var (bad, next) = try fixture.join(2)
    // Two trials and the first one's retry make three: fail them all on one worker.
    var failed: Set<EvaluationKey> = []
    while let assignment = next {
      failed.insert(assignment.key)
      _ = try fixture.say(
        .failed(FailureReport(lease: assignment.lease, failure: Self.failure(.transient))), by: &bad)
      next = Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &bad))
    }
    #expect(failed.count == 2)
    _ = try fixture.say(.failed(FailureReport(lease: kept.lease, failure: Self.failure(.transient))), by: &good)
    // The third key comes to the bad worker, by avoidance, when its back-off is over.
    var third: Assignment?
    for _ in 0..<3 where third == nil {
      third = Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &bad, after: 2))
      _ = try fixture.say(.ping(Ping(leases: [], freeSlots: 0)), by: &good)
    }
    let assignment = try #require(third)
    #expect(assignment.key == kept.key)
    _ = try fixture.say(.failed(FailureReport(lease: assignment.lease, failure: Self.failure(.transient))), by: &bad)
    #expect(fixture.journal.history().contains { $0.kind == "quarantined worker" })
    var retry: Assignment?
    for _ in 0..<10 where retry == nil {
      retry = Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &good, after: 2))
    }
    let repeated = try #require(retry)
    _ = try fixture.say(.failed(FailureReport(lease: repeated.lease, failure: Self.failure(.transient))), by: &good)
    #expect(fixture.journal.history().contains { $0.kind == "readmitted" && $0.worker == bad.name })
  }

  @Test func aStudyInWhichEverythingFailsEnds() throws {
    var fixture = try Fixture(trials: 50)
    var (worker, first) = try fixture.begin()
    var next: Assignment? = first
    var failures = 0
    while let assignment = next, fixture.machine.outcome == nil {
      _ = try fixture.say(
        .failed(FailureReport(lease: assignment.lease, failure: Self.failure(.internal))), by: &worker)
      failures += 1
      next = Fixture.assignment(in: try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker))
    }
    #expect(failures == 10)
    guard case .failed(let error)? = fixture.machine.outcome else { Issue.record("goes on"); return }
    #expect(error.code == .everythingFails)
    #expect(error.message.contains("It broke."))
  }

  // MARK: - The baseline

  @Test func anUnusableBaselineEndsTheStudyAtOnce() throws {
    var fixture = try Fixture()
    var (worker, baseline) = try fixture.join(1)
    let lease = try #require(baseline).lease
    let answers = try fixture.say(
      .failed(FailureReport(lease: lease, failure: Self.failure(.badInput))), by: &worker)
    #expect(answers.last == .bye(.stopping))
    guard case .failed(let error)? = fixture.machine.outcome else { Issue.record("goes on"); return }
    #expect(error.code == .baselineFailed && error.message.contains("It broke."))
  }

  @Test(arguments: [
    (1500, nil as Double?, CoordinationError.Code.baselineNearChance),
    (9000, 0.91, .baselineInaccurate),
    (9100, 0.91, nil as CoordinationError.Code?),
    (1501, nil, nil),
  ])
  func implausibleBaselinesEndTheStudy(successes: Int, expected: Double?, code: CoordinationError.Code?) throws {
    var fixture = try Fixture(expected: expected)
    var (worker, baseline) = try fixture.join(1)
    let assignment = try #require(baseline)
    var result = ToyStudy.result(assignment)
    result.measures.accuracy.successes = successes
    let report = try ResultReport(lease: assignment.lease, result: result)
    #expect(try fixture.say(.result(report), by: &worker).contains(.resultAcknowledged(assignment.lease, .accepted)))
    if let code {
      guard case .failed(let error)? = fixture.machine.outcome else { Issue.record("goes on"); return }
      #expect(error.code == code)
    } else {
      #expect(fixture.machine.outcome == nil && fixture.machine.phase == .search)
    }
    // The stored baseline says the same to the next coordinator.
    var again = try Fixture(expected: expected, journal: fixture.journal)
    _ = try again.perform(.tick)
    #expect((again.machine.outcome == nil) == (code == nil))
  }

  // MARK: - Endings

  @Test func timeEndsTheSearchButNotWhatRuns() throws {
    var fixture = try Fixture(trials: 50, seconds: 100)
    var (worker, first) = try fixture.begin()
    for _ in 0..<19 { _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5) }
    #expect(fixture.machine.phase == .search)
    for _ in 0..<3 { _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5) }
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == nil)
    let next = try #require(try fixture.finish(first, by: &worker))
    #expect(next.key.purpose == .sealedTest)
  }

  @Test func whatRunsTooLongAfterTheTimeIsCancelled() throws {
    var fixture = try Fixture(trials: 50, seconds: 100)
    var (worker, first) = try fixture.begin()
    var cancelled = false
    for _ in 0..<40 where !cancelled {
      cancelled = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5).contains(.cancel(first.lease))
    }
    #expect(cancelled && fixture.now >= 160 && fixture.now < 170)
    #expect(fixture.machine.snapshot.evaluations[first.key]?.record.status == .cancelled)
    #expect(fixture.machine.phase == .sealedTest)
    // Its result would change a front that is being measured on the sealed split.
    let report = try ResultReport(lease: first.lease, result: ToyStudy.result(first))
    #expect(try fixture.say(.result(report), by: &worker).contains(.resultAcknowledged(first.lease, .stale)))
  }

  @Test func stoppingReleasesAndCanBeResumed() throws {
    var fixture = try Fixture()
    let (worker, first) = try fixture.begin()
    let actions = try fixture.perform(.stopRequested)
    #expect(Fixture.messages(in: actions, to: worker.peer) == [.bye(.stopping)])
    #expect(actions.last == .end(.stopped))
    #expect(fixture.journal.snapshot().evaluations[first.key]?.record.status == .pending)
    #expect(fixture.journal.snapshot().evaluations[first.key]?.failures.isEmpty == true)
    var again = try Fixture(journal: fixture.journal)
    #expect(try again.join(1).1?.key == first.key)
  }

  @Test func elapsedTimeAddsUpOverRuns() throws {
    var fixture = try Fixture(trials: 50, seconds: 100)
    _ = try fixture.begin()
    for _ in 0..<8 { _ = try fixture.perform(.tick, after: 5) }
    let spent = fixture.journal.snapshot().elapsed
    #expect(spent > 35)
    var again = try Fixture(trials: 50, seconds: 100, journal: fixture.journal)
    _ = try again.perform(.tick, after: 50)
    #expect(again.machine.phase == .search)
    _ = try again.perform(.tick, after: 50)
    #expect(again.machine.phase == .sealedTest)
  }
}
