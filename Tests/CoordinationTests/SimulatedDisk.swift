import ArtifactStore
import Coordination
import Foundation
import StudyModel
import StudyStore
import Support
import WireProtocol

/// The artifact store that a simulated cluster shares: names with sizes.
struct SimulatedDisk {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static let networkBytes = 100

  private(set) var blobs: [Digest: Int]
  private(set) var evictions = 0
  private(set) var losses = 0
  /// Evaluations that began with making their parent again.
  private(set) var rebuilds = 0
  private(set) var largestBytes = 0

  init(dense: Digest) { blobs = [dense: Self.networkBytes] }

  var report: StorageReport { StorageReport(blobs: blobs, space: FreeSpace(free: 1 << 40, capacity: 1 << 41)) }

  mutating func store(_ result: EvaluationResult) {
    if let checkpoint = result.checkpoint { blobs[checkpoint] = Self.networkBytes }
    largestBytes = max(largestBytes, blobs.values.reduce(0, +))
  }

  /// False when the network to start from is not there.
  mutating func begin(_ assignment: Assignment) -> Bool {
    if assignment.rebuildRungs != nil { rebuilds += 1 }
    return assignment.parentCheckpoint.map { blobs[$0] != nil } ?? true
  }

  mutating func evict(_ digests: [Digest], _ stored: StudySnapshot) throws {
    let named = Set(stored.records.compactMap { $0.result?.checkpoint })
    for digest in digests {
      guard named.contains(digest) else {
        throw Failure(description: "\(digest.short) was evicted, and nothing names it")
      }
      if blobs.removeValue(forKey: digest) != nil { evictions += 1 }
    }
  }

  /// Whatever a result names that can still be accepted must be there, however late it comes.
  func check(_ report: ResultReport, _ stored: StudySnapshot) throws {
    guard let key = stored.leases[report.lease]?.key, stored.evaluations[key]?.record.status != .done,
      let checkpoint = try report.result().checkpoint, blobs[checkpoint] == nil
    else { return }
    throw Failure(description: "the network of \(key) was evicted before its result came")
  }

  mutating func loseOne(of stored: StudySnapshot, using generator: inout SeededGenerator) {
    let named = stored.records.filter { $0.key.purpose == .trial }.compactMap { $0.result?.checkpoint }
      .filter { blobs[$0] != nil }
    guard let victim = named.randomElement(using: &generator) else { return }
    blobs[victim] = nil
    losses += 1
  }
}
