import StudyModel
import Support

/// Which blobs leave a study's artifact store when room is wanted, the least useful first.
///
/// Only what can be made again ever leaves: the networks of finished trials, by their plans, and scores. A blob that no finished
/// record names may belong to a result that is still on its way, or in the spool of a worker that is dead: it stays. So does
/// what of the front has come to its last rung.
package struct EvictionPlan: Hashable, Sendable {
  /// What a blob is still good for, from the least to the most useful.
  package enum Usefulness: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Its trial has gone on from it, or will never go on.
    case unneeded
    /// The way to a network of the front.
    case chainOfFront
    /// Its trial may still go on.
    case mayGoOn
    /// Scores, which later plans need again.
    case scores
    /// A network of the front whose trial may still go on: it leaves only when nothing else is left to leave.
    case front

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var text: String {
      switch self {
      case .unneeded: "nothing needs it any more"
      case .chainOfFront: "a network of the front came from it"
      case .mayGoOn: "its trial may still go on, and would be made again"
      case .scores: "scores, which would be computed again"
      case .front: "it is on the front, and would be made again"
      }
    }
  }

  package struct Eviction: Hashable, Sendable {
    package let digest: Digest
    package let bytes: Int
    /// The evaluation that wrote it; nil for scores.
    package let key: EvaluationKey?
    package let usefulness: Usefulness
  }

  /// In the order of leaving.
  package let evictions: [Eviction]
  package var freedBytes: Int { evictions.reduce(0) { $0 + $1.bytes } }

  /// - Parameters:
  ///   - excess: bytes that should leave; less does when there is no more that may.
  ///   - records: all of the study's.
  ///   - front: the evaluations whose networks are delivered if the search ends now.
  ///   - continuable: finished evaluations whose trials may still go on, the most promising first.
  ///   - pinned: what must stay for other reasons.
  package init(
    excess: Int, blobs: [Digest: Int], scores: Set<Digest>, records: [EvaluationRecord], front: [EvaluationKey],
    continuable: [EvaluationKey], pinned: Set<Digest>
  ) {
    guard excess > 0 else {
      evictions = []
      return
    }
    let places = Dictionary(continuable.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
    var candidates: [Digest: Candidate] = [:]
    var staying = pinned
    let (front, frontTrials) = (Set(front), Set(front.map(\.trial)))
    for record in records {
      guard record.status == .done, let digest = record.result?.checkpoint, let bytes = blobs[digest] else { continue }
      let place = places[record.key]
      guard record.key.purpose == .trial, place != nil || !front.contains(record.key) else {
        staying.insert(digest)
        continue
      }
      let candidate: Candidate
      if let place {
        let usefulness = front.contains(record.key) ? Usefulness.front : .mayGoOn
        candidate = Candidate(digest, bytes, record.key, usefulness, order: -Double(place))
      } else {
        let usefulness = frontTrials.contains(record.key.trial) ? Usefulness.chainOfFront : .unneeded
        candidate = Candidate(digest, bytes, record.key, usefulness, order: record.finishedAt ?? 0)
      }
      // Two evaluations may have made the same bytes; the more useful of them decides.
      if let other = candidates[digest], candidate.isBefore(other) { continue }
      candidates[digest] = candidate
    }
    for digest in scores where candidates[digest] == nil {
      guard let bytes = blobs[digest] else { continue }
      // The largest first: the fewest have to be computed again.
      candidates[digest] = Candidate(digest, bytes, nil, .scores, order: -Double(bytes))
    }
    var (chosen, freed): ([Eviction], Int) = ([], 0)
    for candidate in candidates.values.filter({ !staying.contains($0.eviction.digest) }).sorted(by: { $0.isBefore($1) })
    {
      if freed >= excess { break }
      chosen.append(candidate.eviction)
      freed += candidate.eviction.bytes
    }
    evictions = chosen
  }

  private struct Candidate {
    let eviction: Eviction
    /// Among equally useful ones the lesser leaves first.
    let order: Double

    init(_ digest: Digest, _ bytes: Int, _ key: EvaluationKey?, _ usefulness: Usefulness, order: Double) {
      eviction = Eviction(digest: digest, bytes: bytes, key: key, usefulness: usefulness)
      self.order = order
    }

    func isBefore(_ other: Candidate) -> Bool {
      (eviction.usefulness, order, eviction.digest.hex) < (
        other.eviction.usefulness, other.order, other.eviction.digest.hex
      )
    }
  }
}
