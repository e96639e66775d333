import Coordination
import StudyModel
import StudyStore
import Testing

/// The rule for failures by itself: which lists of failed attempts set an evaluation aside, in which fleets.
@Suite struct FailureRuleTests {
  typealias Kind = FailedAttempt.Kind

  /// "a1" is worker 1 on host a.
  private static func worker(_ name: String) -> FailureRule.Worker {
    FailureRule.Worker(name: name, host: String(name.prefix(1)))
  }

  private static func fleet(_ names: String...) -> Set<FailureRule.Worker> { Set(names.map(worker)) }

  private static func attempts(_ kind: Kind, _ names: [String], firstLease: Int64 = 1) -> [FailedAttempt] {
    names.enumerated().map { index, name in
      FailedAttempt(lease: LeaseID(firstLease + Int64(index)), worker: name, host: String(name.prefix(1)), kind: kind)
    }
  }

  private static func isSetAside(_ attempts: [FailedAttempt], _ fleet: Set<FailureRule.Worker>) -> Bool {
    if case .setAside = FailureRule(attempts).verdict(in: fleet) { true } else { false }
  }

  @Test(arguments: [
    // Two hosts are asked where there are two.
    (["a1"], ["a1", "a2", "b1"], false),
    (["a1", "a2"], ["a1", "a2", "b1"], false),
    (["a1", "a1", "a1", "a1"], ["a1", "b1"], false),
    (["a1", "b1"], ["a1", "a2", "b1"], true),
    (["a1", "b1"], ["a1"], true),
    // On one host, two workers.
    (["a1"], ["a1", "a2"], false),
    (["a1", "a1", "a1"], ["a1", "a2"], false),
    (["a1", "a2"], ["a1", "a2"], true),
    (["a1", "a2"], ["a1"], true),
    (["a1", "a2"], ["a1", "b1"], false),
    // The lone worker is asked three times.
    (["a1", "a1"], ["a1"], false),
    (["a1", "a1", "a1"], ["a1"], true),
    (["a1", "a1", "a1"], [], true),
  ])
  func ownFailuresSetAside(workers: [String], fleet: [String], isSetAside: Bool) {
    let failed = Self.attempts(.own, workers)
    #expect(Self.isSetAside(failed, Set(fleet.map(Self.worker))) == isSetAside)
  }

  @Test func lossesNeverSetAside() {
    let lost = Self.attempts(.loss, [String](repeating: "a1", count: 500))
    #expect(FailureRule(lost).verdict(in: Self.fleet("a1")) == .tryAgain)
    #expect(FailureRule(lost).count == 0)
    // Nor do they help own failures over the line.
    #expect(!Self.isSetAside(lost + Self.attempts(.own, ["a1", "a1"], firstLease: 600), Self.fleet("a1")))
  }

  @Test func theThirdSuspicionIsLookedAtAlone() {
    var failed = Self.attempts(.suspicion, ["a1"])
    #expect(FailureRule(failed).verdict(in: Self.fleet("a1")) == .tryAgain)
    failed = Self.attempts(.suspicion, ["a1", "b1"])
    #expect(FailureRule(failed).verdict(in: Self.fleet("a1", "b1")) == .tryAgainAlone)
    // Beside others the third says no more than the second.
    failed = Self.attempts(.suspicion, ["a1", "b1", "a1"])
    #expect(FailureRule(failed).verdict(in: Self.fleet("a1", "b1")) == .tryAgainAlone)
    failed[2].ranAlone = true
    #expect(Self.isSetAside(failed, Self.fleet("a1", "b1")))
    // It is the last that counts.
    failed[2].ranAlone = false
    failed[1].ranAlone = true
    #expect(!Self.isSetAside(failed, Self.fleet("a1", "b1")))
  }

  @Test func suspicionsAndOwnFailuresAreCountedApart() {
    let failed = Self.attempts(.suspicion, ["a1", "a2"]) + Self.attempts(.own, ["a1"], firstLease: 10)
    #expect(FailureRule(failed).verdict(in: Self.fleet("a1", "a2")) == .tryAgainAlone)
  }

  @Test func aLossThatBecameASuspicionCountsOnce() {
    var failed = Self.attempts(.loss, ["a1"]) + Self.attempts(.suspicion, ["a1", "a1", "a1"])
    for index in failed.indices { failed[index].lease = LeaseID(7) }
    #expect(FailureRule(failed).verdict(in: Self.fleet("a1")) == .tryAgain)
    #expect(FailureRule(failed).count == 1)
  }

  @Test func excusedFailuresDoNotCount() {
    var failed = Self.attempts(.own, ["a1", "b1"])
    failed[0].counts = false
    #expect(!Self.isSetAside(failed, Self.fleet("a1", "b1")))
    #expect(FailureRule(failed).reluctance(toward: "a1", on: "a") == 0)
  }

  /// Attempts of older studies: they all ran on one host.
  @Test func unknownHostsAreNoSecondHost() {
    var failed = Self.attempts(.own, ["a1", "a1"])
    failed[0].host = ""
    #expect(!Self.isSetAside(failed, Self.fleet("a1", "a2")))
    let unknown = FailureRule.Worker(name: "a1", host: "")
    #expect(!Self.isSetAside(Self.attempts(.own, ["a1", "a1"]), [unknown]))
    failed[1].worker = "a2"
    #expect(Self.isSetAside(failed, [unknown]))
    #expect(Self.isSetAside(failed, Self.fleet("a1", "a2")))
  }

  @Test func otherHostsThenOtherWorkersAreAskedFirst() {
    let rule = FailureRule(Self.attempts(.own, ["a1"]))
    #expect(rule.reluctance(toward: "b1", on: "b") == 0)
    #expect(rule.reluctance(toward: "a2", on: "a") == 1)
    #expect(rule.reluctance(toward: "a1", on: "a") == 2)
  }

  @Test func reasonsNameTheCountAndThePlaces() {
    guard case .setAside(let own) = FailureRule(Self.attempts(.own, ["a1", "b1"])).verdict(in: Self.fleet("a1")) else {
      Issue.record("not set aside")
      return
    }
    #expect(own == "it failed by itself on 2 hosts (a, b)")
  }
}
