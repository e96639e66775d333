import Coordination
import Foundation
import Launching
import StudyModel
import StudyStore
import Support
import Testing
import WireProtocol

/// Workers that are killed, hosts that restart, and what of it is charged to the evaluation that ran.
@Suite struct SuspicionTests {
  typealias Fixture = MachineFixture

  private func kill(_ worker: Fixture.ToyWorker, in fixture: inout Fixture) throws {
    _ = try fixture.perform(.workerExited(processID: worker.processID, .signal(9)))
  }

  /// PINGs of a free worker, five seconds apart, until it gets something.
  private func wait(
    _ worker: inout Fixture.ToyWorker, in fixture: inout Fixture, pings: Int = 20
  ) throws -> Assignment? {
    for _ in 0..<pings {
      let answers = try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5)
      if let next = Fixture.assignment(in: answers) { return next }
    }
    return nil
  }

  @Test func theThirdSuspiciousRunHasItsHostForItselfAndDecides() throws {
    var fixture = try Fixture(trials: 2)
    var (calm, calmWork) = try fixture.begin()
    let (first, poison) = try fixture.join(2)
    let key = try #require(poison).key
    try kill(first, in: &fixture)
    #expect(fixture.failures(of: key).map(\.kind) == [.suspicion])
    #expect(fixture.failures(of: key).map(\.ranAlone) == [false])

    // Again, beside the other worker: its back-off is over after five seconds, and the name that had it is avoided for a while.
    var number: UInt8 = 3
    for _ in 0..<40 where fixture.failures(of: key).count < 2 {
      var (next, work) = try fixture.join(Fixture.process(number, of: "worker-2"))
      number += 1
      if work == nil { work = try wait(&next, in: &fixture, pings: 1) }
      _ = try fixture.say(.ping(Fixture.ping(calmWork)), by: &calm)
      try kill(next, in: &fixture)
    }
    #expect(fixture.failures(of: key).map(\.kind) == [.suspicion, .suspicion])

    // While the other runs, the host is kept free: neither the new worker nor the calm one get anything new.
    var (third, nothing) = try fixture.join(Fixture.process(200, of: "worker-2"))
    #expect(nothing == nil)
    for _ in 0..<6 {
      _ = try fixture.say(.ping(Fixture.ping(calmWork)), by: &calm, after: 2)
      let answers = try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &third, after: 3)
      #expect(Fixture.assignment(in: answers)?.key != key)
    }
    #expect(fixture.status(of: key) == .pending)
    #expect(try fixture.finish(calmWork, by: &calm) == nil)
    // With the calm one's result the host was empty: the free worker got it, and nothing begins beside it.
    let lease = try #require(fixture.machine.snapshot.evaluations[key]?.openLease)
    #expect(fixture.machine.snapshot.leases[lease]?.worker == "worker-2")
    #expect(Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &calm, after: 1)) == nil)
    let holder = third
    var idle = calm
    try kill(holder, in: &fixture)
    #expect(fixture.status(of: key) == .quarantined)
    let record = try #require(fixture.journal.snapshot().evaluations[key]?.record)
    #expect(record.reason?.contains("3 times") == true)
    // Then the others go on.
    #expect(try wait(&idle, in: &fixture, pings: 3) != nil)
  }

  @Test func anotherHostWorksOnMeanwhile() throws {
    var fixture = try Fixture(trials: 50)
    let (_, calmWork) = try fixture.begin()
    let key = calmWork.key
    // The lone worker of its host, killed twice.
    for number: UInt8 in [1, 21] {
      try kill(Fixture.process(number, of: "worker-1"), in: &fixture)
      _ = try fixture.perform(.tick, after: 11)
      if number == 1 { #expect(try fixture.join(Fixture.process(21, of: "worker-1")).1?.key == key) }
    }
    #expect(fixture.failures(of: key).map(\.kind) == [.suspicion, .suspicion])
    let (_, alone) = try fixture.join(Fixture.process(22, of: "worker-1"))
    #expect(alone?.key == key)
    #expect(try fixture.join(3).1 == nil)
    #expect(try fixture.join(4, host: "elsewhere").1 != nil)
  }

  @Test(arguments: [
    (Exit.signal(SIGKILL), FailedAttempt.Kind.suspicion), (.signal(SIGSEGV), .suspicion), (.code(1), .suspicion),
    (.signal(SIGTERM), .loss), (.signal(SIGINT), .loss), (.code(0), .loss), (.code(75), .loss),
  ])
  func theEndOfAWorkerSaysWhoseFaultItWas(exit: Exit, kind: FailedAttempt.Kind) throws {
    var fixture = try Fixture()
    let (worker, first) = try fixture.begin()
    _ = try fixture.perform(.workerExited(processID: worker.processID, exit))
    #expect(fixture.failures(of: first.key).map(\.kind) == [kind])
  }

  @Test(arguments: [
    (nil as Int?, FailedAttempt.Kind.own), (Int(SIGSEGV), .own), (Int(SIGKILL), .suspicion), (Int(SIGINT), .loss),
  ])
  func theEndOfAnEngineSaysWhoseFaultItWas(signal: Int?, kind: FailedAttempt.Kind) throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    let failure = EvaluationFailure(failureClass: .transient, message: "It ended.", signal: signal)
    _ = try fixture.say(.failed(FailureReport(lease: first.lease, failure: failure)), by: &worker)
    #expect(fixture.failures(of: first.key).map(\.kind) == [kind])
  }

  @Test func aSuccessorOnTheSameHostShowsThatItsWorkerWasKilled() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5)
    _ = try fixture.join(Fixture.process(9, of: worker.name))
    #expect(fixture.failures(of: first.key).isEmpty)
    _ = try fixture.perform(.tick, after: 16)
    #expect(fixture.failures(of: first.key).map(\.kind) == [.suspicion])
  }

  @Test func aLivingWorkerOfTheSameNameKeepsItsLease() throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5)
    _ = try fixture.join(Fixture.process(9, of: worker.name))
    for _ in 0..<20 { _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5) }
    #expect(fixture.failures(of: first.key).isEmpty)
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == nil)
  }

  @Test func aGrantThatADeadWorkerNeverSawIsNoSuspicion() throws {
    var fixture = try Fixture()
    let (worker, first) = try fixture.begin()
    _ = try fixture.join(Fixture.process(9, of: worker.name))
    for _ in 0..<4 { _ = try fixture.perform(.tick, after: 5) }
    #expect(fixture.failures(of: first.key).isEmpty)
    #expect(fixture.machine.snapshot.leases[first.lease]?.ending == .withdrawn)
  }

  @Test(arguments: [true, false])
  func aHostThatIsBackAfterItsLeaseExpiredTurnsTheLossIntoASuspicion(isSameProcess: Bool) throws {
    var fixture = try Fixture()
    var (worker, first) = try fixture.begin()
    _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker, after: 5)
    for _ in 0..<8 { _ = try fixture.perform(.tick, after: 10) }
    #expect(fixture.failures(of: first.key).map(\.kind) == [.loss])
    var back = isSameProcess ? worker : Fixture.process(9, of: worker.name)
    _ = try fixture.say(Fixture.hello(back), by: &back)
    #expect(fixture.failures(of: first.key).map(\.kind) == (isSameProcess ? [.loss] : [.loss, .suspicion]))
  }

  @Test func lossesOfEveryKindNeverSetAside() throws {
    var fixture = try Fixture(trials: 1)
    var (worker, first) = try fixture.begin()
    for round in 0..<40 {
      // Silence until the lease is over; then the same process is back.
      for _ in 0..<7 { _ = try fixture.perform(.tick, after: 10) }
      _ = try fixture.say(Fixture.hello(worker), by: &worker)
      var next: Assignment?
      for _ in 0..<200 where next == nil {
        next = Fixture.assignment(in: try fixture.say(.ping(Ping(leases: [], freeSlots: 1)), by: &worker, after: 5))
      }
      #expect(next?.key == first.key, "round \(round)")
    }
    #expect(fixture.failures(of: first.key).count == 40)
    #expect(fixture.status(of: first.key) == .leased)
  }

  @Test func aNewCoordinatorDecidesByWhatTheOldOneStored() throws {
    var before = try Fixture(trials: 1)
    var (worker, first) = try before.begin()
    _ = try before.say(
      .failed(FailureReport(lease: first.lease, failure: FailurePolicyTests.failure(.deterministic))), by: &worker)
    var after = try Fixture(trials: 1, journal: before.journal)
    var (other, next) = try after.join(2)
    let again = try #require(next)
    #expect(again.key == first.key)
    _ = try after.say(
      .failed(FailureReport(lease: again.lease, failure: FailurePolicyTests.failure(.deterministic))), by: &other)
    #expect(after.status(of: first.key) == .quarantined)
  }

  @Test func aNewCoordinatorKnowsTheWorkerThatFailsEverything() throws {
    var before = try Fixture(trials: 20)
    let (_, _) = try before.begin()
    var (bad, next) = try before.join(2)
    for _ in 0..<2 {
      let assignment = try #require(next)
      _ = try before.say(
        .failed(FailureReport(lease: assignment.lease, failure: FailurePolicyTests.failure(.transient))), by: &bad)
      next = Fixture.assignment(in: try before.say(.ready(Ready(freeSlots: 1)), by: &bad))
    }
    var after = try Fixture(trials: 20, journal: before.journal)
    _ = try after.join(1)
    var (again, third) = try after.join(2)
    _ = try after.say(
      .failed(
        FailureReport(lease: try #require(third).lease, failure: FailurePolicyTests.failure(.transient))), by: &again)
    #expect(after.journal.history().contains { $0.kind == "quarantined worker" && $0.worker == again.name })
  }

  /// Who was there in the last run is waited for: being the first to come back is not being the only one.
  @Test func aNewCoordinatorWaitsForTheWorkersOfTheLastRun() throws {
    var before = try Fixture(trials: 2)
    let (_, _) = try before.begin()
    _ = try before.join(2)
    var after = try Fixture(trials: 2, journal: before.journal)
    var (first, next) = try after.join(1)
    let key = try #require(next).key
    for _ in 0..<3 {
      let lease = try #require(next).lease
      _ = try after.say(
        .failed(FailureReport(lease: lease, failure: FailurePolicyTests.failure(.deterministic))), by: &first)
      next = nil
      for _ in 0..<20 where next?.key != key {
        if let other = next { _ = try after.say(.release(other.lease), by: &first) }
        next = Fixture.assignment(in: try after.say(.ping(Ping(leases: [], freeSlots: 1)), by: &first, after: 5))
      }
    }
    #expect(after.failures(of: key).count == 3 && after.status(of: key) != .quarantined)
  }
}
