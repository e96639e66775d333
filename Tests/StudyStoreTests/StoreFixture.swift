import Foundation
import StudyModel
import StudyStore
import Support

enum StoreFixture {
  static func spec(workers: Int = 2) -> StudySpec {
    StudySpec(
      study: "toy", network: .builtin(name: "toy", weights: nil), data: DataSource(format: "toy"),
      objectives: [.accuracy], workers: workers, seed: .max)
  }

  static func header() throws -> StudyHeader {
    try StudyHeader(
      context: StudyContext(spec: spec(), network: Digest(of: Data("n".utf8)), artifactFolder: "/nowhere"),
      identity: identity())
  }

  static func identity(test: String = "test") -> StudyIdentity {
    StudyIdentity(
      network: Digest(of: Data("n".utf8)), training: Digest(of: Data("training".utf8)),
      test: Digest(of: Data(test.utf8)),
      split: SplitSpec(), seed: .max)
  }

  static func plan(_ number: Int) -> PruningPlan {
    PruningPlan(criterion: .l1, sparsity: .perGroup(["a": 0.1, "ö b": Double(number) / 7]), seed: UInt64(number))
  }

  static func lease(_ id: Int64, _ key: EvaluationKey, attempt: Int = 1) -> LeaseRecord {
    LeaseRecord(
      id: LeaseID(id), key: key, worker: "worker-1", incarnation: "ab", attempt: attempt, epoch: 1, grantedAt: 0.25)
  }

  static func attempt(
    _ lease: Int64, worker: String = "w", kind: FailedAttempt.Kind = .own
  ) -> FailedAttempt {
    FailedAttempt(lease: LeaseID(lease), worker: worker, host: "host", kind: kind)
  }

  static let failure = EvaluationFailure(
    failureClass: .resource, message: "Out of memory.", exitStatus: nil, signal: 9, logTail: "…\n\"quoted\"\u{0}")

  static func resultBytes(_ loss: Double) throws -> Data {
    try CanonicalBytes.encode(
      EvaluationResult(
        measures: Measures(
          accuracy: Proportion(successes: 9, total: 10), loss: loss, parameters: 1 << 40, nonzeroParameters: 3, macs: 4,
          sizeBytes: 5, latency: nil),
        checkpoint: Digest(of: Data("c".utf8)), timings: ["score": 0.1], keptUnits: ["a": [0, 2]]))
  }

  /// `newest` is a lease that was perhaps not granted yet.
  static func randomChange(newest: Int64, using generator: inout SeededGenerator) throws -> StudyChange {
    let trial = TrialID(Int64(generator.integer(below: 4)))
    let key = EvaluationKey(
      trial: trial, rung: generator.integer(below: 5),
      purpose: EvaluationKey.Purpose.allCases.randomElement(using: &generator) ?? .trial)
    let lease = LeaseID(max(1, newest - Int64(generator.integer(below: 6))))
    let worker = "worker-\(generator.integer(below: 3))"
    switch generator.integer(below: 20) {
    case 0: return .addTrial(trial, plan(Int(trial.value)))
    case 1, 2, 3: return .addEvaluation(key)
    case 4, 5, 6: return .grantLease(Self.lease(newest, key, attempt: 1 + generator.integer(below: 3)))
    case 7, 8: return .endLease(lease, LeaseEnding.allCases.randomElement(using: &generator) ?? .lost)
    case 9: return .reinstateLease(lease)
    case 10: return .addResult(key, lease: lease, worker: worker, bytes: try resultBytes(generator.uniform()))
    case 11:
      let kind = FailedAttempt.Kind.allCases.randomElement(using: &generator) ?? .own
      var attempt = Self.attempt(lease.value, worker: worker, kind: kind)
      attempt.ranAlone = generator.uniform() < 0.5
      return .addFailure(key, attempt, failure)
    case 12: return .excuseFailures(key, worker: generator.uniform() < 0.5 ? worker : nil)
    case 13:
      let status = EvaluationStatus.allCases.randomElement(using: &generator) ?? .pending
      return .setStatus(key, status, reason: generator.uniform() < 0.5 ? "a reason" : nil)
    case 15: return .retry(key)
    case 14: return .beginEpoch
    case 18: return .endSearch(SearchEnding(.trialsAreDone, detail: worker))
    case 19: return .reopenSearch(detail: worker)
    case 16: return .endRun(RunEnding.allCases.randomElement(using: &generator) ?? .failed, detail: worker)
    default: return .note(kind: "note", key: key, lease: lease, worker: worker, detail: "detail")
    }
  }
}
