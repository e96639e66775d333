import Coordination
import Foundation
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

/// Putting back what a study had set aside, on real folders.
@Suite struct StudyRetryTests {
  private let keep: TemporaryFolder
  private let folder: StudyFolder

  init() throws {
    keep = try TemporaryFolder()
    folder = StudyFolder(keep.url)
  }

  private static func trial(_ number: Int64, rung: Int = 0, _ purpose: EvaluationKey.Purpose = .trial) -> EvaluationKey
  {
    EvaluationKey(trial: TrialID(number), rung: rung, purpose: purpose)
  }

  /// A study whose named evaluations are set aside and all others wait.
  private func make(_ keys: [EvaluationKey], setAside: Set<EvaluationKey>, isFinished: Bool = false) throws {
    let none = Digest(of: Data())
    let identity = StudyIdentity(network: none, training: none, test: none, split: SplitSpec(), seed: 7)
    let header = try StudyHeader(context: ToyStudy.context(), identity: identity)
    let store = try StudyStore.create(in: folder, header: header)
    var changes: [StudyChange] = [.addTrial(TrialID(0), .dense(seed: 7))]
    for number in Set(keys.map(\.trial.value)).sorted() where number > 0 {
      changes.append(.addTrial(TrialID(number), ToyStudy.plan(Int(number))))
    }
    for (index, key) in keys.enumerated() {
      changes.append(.addEvaluation(key))
      guard setAside.contains(key) else { continue }
      let lease = LeaseID(Int64(index + 1))
      let failure = EvaluationFailure(failureClass: .deterministic, message: "It broke.")
      changes += [
        .grantLease(
          LeaseRecord(
            id: lease, key: key, worker: "w", incarnation: "ab", attempt: 1, epoch: store.epoch, grantedAt: 1)),
        .endLease(lease, .failed),
        .addFailure(key, FailedAttempt(lease: lease, worker: "w", host: "h", kind: .own), failure),
        .setStatus(key, .quarantined, reason: "a reason"),
      ]
    }
    if isFinished { changes.append(.finish) }
    try store.commit(changes, elapsed: 5)
    try store.close()
  }

  private func statuses() throws -> [EvaluationKey: EvaluationStatus] {
    try StudyReader(folder).snapshot().evaluations.mapValues(\.record.status)
  }

  @Test func whatWasChosenWaitsAgainWithACleanSlate() throws {
    let (one, two, high) = (Self.trial(1), Self.trial(2), Self.trial(2, rung: 1))
    try make([one, two, high, Self.trial(3)], setAside: [one, two, high])
    let retry = try StudyRetry(.init(trials: [TrialID(2)], rung: 1), in: folder)
    #expect(retry.putBack.map(\.key) == [high] && retry.putBack[0].reason == "a reason" && retry.left.isEmpty)
    #expect(try statuses() == [one: .quarantined, two: .quarantined, high: .pending, Self.trial(3): .pending])
    #expect(try StudyRetry(.init(), in: folder).putBack.map(\.key) == [one, two])
    let snapshot = try StudyReader(folder).snapshot()
    #expect(snapshot.evaluations[one]?.failures.map(\.counts) == [false])
    #expect(FailureRule(snapshot.evaluations[one]?.failures ?? []).count == 0)
    #expect(try StudyReader(folder).history().filter { $0.kind == "retried" }.compactMap(\.key) == [high, one, two])
    #expect(snapshot.elapsed == 5)
  }

  @Test func nothingToPutBackChangesNothing() throws {
    try make([Self.trial(1)], setAside: [])
    let history = try StudyReader(folder).history()
    #expect(try StudyRetry(.init(), in: folder).putBack.isEmpty)
    #expect(try StudyRetry(.init(trials: [TrialID(1)]), in: folder).putBack.isEmpty)
    #expect(try StudyReader(folder).history() == history)
  }

  @Test func unknownTrialsAreNamed() throws {
    try make([Self.trial(1)], setAside: [Self.trial(1)])
    let error = #expect(throws: CoordinationError.self) { try StudyRetry(.init(trials: [TrialID(9)]), in: folder) }
    #expect(error?.code == .noSuchTrial && error?.exitCode == .missingInput)
    #expect(error?.message.contains("9") == true && error?.message.contains("the last is 1") == true)
  }

  @Test func aStudyThatIsBeingRunIsLeftAlone() throws {
    try make([Self.trial(1)], setAside: [Self.trial(1)])
    let running = try StudyStore.resume(in: folder)
    let error = #expect(throws: StudyStoreError.self) { try StudyRetry(.init(), in: folder) }
    #expect(error?.code == .locked && error?.exitCode == .temporary)
    #expect(error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
    try running.close()
    #expect(try statuses()[Self.trial(1)] == .quarantined)
  }

  /// The sealed split was opened: trials come too late, sealed tests do not, and the study goes on with them.
  @Test func afterTheSearchOnlySealedTestsArePutBack() throws {
    let (trial, sealed) = (Self.trial(1), Self.trial(2, rung: 2, .sealedTest))
    try make([trial, sealed], setAside: [trial, sealed], isFinished: true)
    let error = #expect(throws: CoordinationError.self) { try StudyRetry(.init(trials: [TrialID(1)]), in: folder) }
    #expect(error?.code == .searchIsOver)
    #expect(try StudyReader(folder).snapshot().isFinished)
    let retry = try StudyRetry(.init(), in: folder)
    #expect(retry.putBack.map(\.key) == [sealed] && retry.left.map(\.key) == [trial])
    #expect(try !StudyReader(folder).snapshot().isFinished)
  }

  @Test func aSearchGoesOnWithWhatWasPutBack() throws {
    let journal = InMemoryJournal()
    var before = try MachineFixture(trials: 1, journal: journal)
    let (_, first) = try before.begin()
    _ = try before.perform(.stopRequested)
    try journal.commit([.setStatus(first.key, .quarantined, reason: "by hand"), .retry(first.key)], elapsed: 1)
    var after = try MachineFixture(trials: 1, journal: journal)
    #expect(try after.join(2).1?.key == first.key)
  }
}
