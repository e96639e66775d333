import StudyModel
import StudyStore

/// When an evaluation that failed is tried again, and when it is set aside: the whole rule.
///
/// - Its own failures set it aside once they have come on two hosts; where no other host is there to try, on two workers; where no
///   other worker is there either, three times. Two on one worker say no more than one while there is another to ask.
/// - Suspicions (the worker was killed or the host restarted while it ran) set it aside once there are three and the last came
///   while nothing else ran on the host, so that the hunger of a neighbour for memory is not charged to it.
/// - Losses of workers say nothing about it, however many there are.
package struct FailureRule: Hashable, Sendable {
  /// A worker that could be asked.
  package struct Worker: Hashable, Sendable {
    package var name: String
    package var host: String

    package init(name: String, host: String) {
      self.name = name
      self.host = host
    }
  }

  package enum Verdict: Hashable, Sendable {
    case tryAgain
    /// While nothing else has a lease on the host.
    case tryAgainAlone
    /// Never again unless asked; why, in words.
    case setAside(reason: String)
  }

  static let lonelyWorkerLimit = 3
  static let suspicionLimit = 3

  /// By lease, in their order; what was excused left out.
  private let own: [FailedAttempt]
  private let suspicions: [FailedAttempt]

  /// `attempts` are all that failed, oldest first. One that was first taken for a loss may be noted again as a suspicion: of each
  /// lease the gravest counts, once.
  package init(_ attempts: [FailedAttempt]) {
    let counted = attempts.filter(\.counts)
    own = Self.oncePerLease(counted.filter { $0.kind == .own })
    let charged = Set(own.map(\.lease))
    suspicions = Self.oncePerLease(counted.filter { $0.kind == .suspicion && !charged.contains($0.lease) })
  }

  /// How many failures count for the pause before the next attempt.
  package var count: Int { own.count + suspicions.count }

  package func verdict(in fleet: Set<Worker>) -> Verdict {
    if let reason = ownReason(in: fleet) ?? suspicionReason { return .setAside(reason: reason) }
    return mustRunAlone ? .tryAgainAlone : .tryAgain
  }

  /// One more suspicion may decide.
  package var mustRunAlone: Bool { suspicions.count >= Self.suspicionLimit - 1 }

  /// How little a worker is wanted for the next attempt: 0 on a host that has not failed it, 1 for a worker that has not, else 2.
  package func reluctance(toward worker: String, on host: String) -> Int {
    let failed = own + suspicions
    if !failed.contains(where: { $0.host == host || $0.worker == worker }) { return 0 }
    return failed.contains { $0.worker == worker } ? 2 : 1
  }

  private func ownReason(in fleet: Set<Worker>) -> String? {
    guard !own.isEmpty else { return nil }
    let hosts = Set(own.map(\.host)).subtracting([""]).sorted()
    if hosts.count >= 2 { return "it failed by itself on \(hosts.count) hosts (\(hosts.joined(separator: ", ")))" }
    // What has no known host is where the others are.
    let isElsewhere = fleet.contains { !$0.host.isEmpty && !hosts.contains($0.host) }
    if !hosts.isEmpty, isElsewhere { return nil }
    let workers = Set(own.map(\.worker)).sorted()
    if workers.count >= 2 {
      return
        "it failed by itself on \(workers.count) workers (\(workers.joined(separator: ", "))), no other host was there"
    }
    if fleet.contains(where: { !workers.contains($0.name) }) { return nil }
    guard own.count >= Self.lonelyWorkerLimit else { return nil }
    return "it failed by itself \(own.count) times on \(workers.joined(separator: ", ")), no other worker was there"
  }

  private var suspicionReason: String? {
    guard suspicions.count >= Self.suspicionLimit, let last = suspicions.last, last.ranAlone else { return nil }
    return "its worker was killed or its host restarted \(suspicions.count) times while it ran, "
      + "the last time with nothing else on \(last.host.isEmpty ? "the host" : last.host)"
  }

  private static func oncePerLease(_ attempts: [FailedAttempt]) -> [FailedAttempt] {
    var seen: Set<LeaseID> = []
    return attempts.filter { seen.insert($0.lease).inserted }
  }
}
