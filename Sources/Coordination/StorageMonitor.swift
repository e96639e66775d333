import ArtifactStore
import Foundation
import StudyStore
import Support
import Synchronization

/// Keeps count of a study's blobs for its coordinator: listed once, then by what comes and goes, and listed anew now and then on
/// a thread of its own, since engines store scores without a word.
final class StorageMonitor {
  /// What a listing found.
  private struct Listing {
    var blobs: [Digest: Int]
    var scores: Set<Digest>
  }

  /// Handed from the listing's thread to the coordinator's.
  private final class Mailbox: Sendable {
    let listing = Mutex<Listing?>(nil)
  }

  private let artifacts: ArtifactStore
  private let folder: StudyFolder
  /// Seconds between two looks at the free space; between two listings there are a dozen looks.
  private let interval: Double
  private let freeSpace: (URL) -> FreeSpace?
  private var report: StorageReport
  private var nextLook = -Double.infinity
  private var lastListing: Double
  private var mailbox: Mailbox?
  /// What came and went while a listing was under way, which may have seen it or not.
  private var changes: [(digest: Digest, bytes: Int?)] = []
  /// Bytes of blobs that the filesystem would not let go.
  private var stuck: [Digest: Int] = [:]

  /// Lists all blobs: a moment for thousands.
  init(
    _ artifacts: ArtifactStore, folder: StudyFolder, interval: Double, now: Double,
    freeSpace: @escaping (URL) -> FreeSpace?
  ) throws {
    self.artifacts = artifacts
    self.folder = folder
    self.interval = interval
    self.freeSpace = freeSpace
    let listing = try Self.list(artifacts)
    report = StorageReport(blobs: listing.blobs, scores: listing.scores)
    lastListing = now
  }

  /// What there is, when it is time to look; nil in between.
  func due(now: Double) -> StorageReport? {
    guard now >= nextLook else { return nil }
    nextLook = now + interval
    takeListing(now: now)
    let exported = Self.bytes(in: folder.networks)
    report.exportedBytes = exported
    report.otherBytes = stuck.values.reduce(exported + otherBytes, +)
    report.space = freeSpace(folder.url)
    return report
  }

  /// A blob that somebody else stored; the next look comes at once.
  func noteStored(_ digest: Digest) {
    lookSoon()
    guard report.blobs[digest] == nil, let bytes = artifacts.size(of: digest) else { return }
    report.blobs[digest] = bytes
    if mailbox != nil { changes.append((digest, bytes)) }
  }

  /// Something happened that the disk may have to do with.
  func lookSoon() { nextLook = -.infinity }

  func evict(_ digests: [Digest]) {
    for digest in digests {
      let bytes = report.blobs.removeValue(forKey: digest) ?? 0
      report.scores.remove(digest)
      if mailbox != nil { changes.append((digest, nil)) }
      // One that stays for want of permission takes its room, but is never asked for again.
      do { try artifacts.delete(digest) } catch { stuck[digest] = bytes }
    }
  }

  private func takeListing(now: Double) {
    if let mailbox {
      guard let listing = mailbox.listing.withLock({ $0 }) else { return }
      report.blobs = listing.blobs
      report.scores = listing.scores
      for change in changes { report.blobs[change.digest] = change.bytes }
      stuck = stuck.filter { report.blobs.removeValue(forKey: $0.key) != nil }
      (self.mailbox, changes) = (nil, [])
      lastListing = now
    } else if now - lastListing >= 12 * interval {
      let (store, mailbox) = (artifacts, Mailbox())
      self.mailbox = mailbox
      let known = Listing(blobs: report.blobs, scores: report.scores)
      // A store that cannot be listed now is as it was; the next listing may tell more.
      Thread.detachNewThread { mailbox.listing.withLock { $0 = (try? StorageMonitor.list(store)) ?? known } }
    }
  }

  private static func list(_ artifacts: ArtifactStore) throws -> Listing {
    var listing = Listing(blobs: [:], scores: [])
    for (digest, size) in try artifacts.list() { listing.blobs[digest] = size }
    let names = artifacts.folder.appendingPathComponent("scores")
    for name in (try? FileManager.default.contentsOfDirectory(atPath: names.path)) ?? [] where !name.hasSuffix(".lock")
    {
      let text = try? String(contentsOf: names.appendingPathComponent(name), encoding: .utf8)
      if let digest = text.flatMap(Digest.init(hex:)), listing.blobs[digest] != nil { listing.scores.insert(digest) }
    }
    return listing
  }

  /// The database without its log, which SQLite keeps to a few MiB, and what else lies beside the blobs.
  private var otherBytes: Int {
    let files = [folder.database, folder.spec, folder.report].reduce(0) { $0 + Self.size(of: $1.path) }
    let folders = [folder.logs, folder.spools, artifacts.folder.appendingPathComponent("damaged")]
    return folders.reduce(files) { $0 + Self.bytes(in: $1) }
  }

  /// Bytes of the files below a folder; 0 where there is none.
  private static func bytes(in folder: URL) -> Int {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    return names.reduce(0) { $0 + size(of: folder.appendingPathComponent($1).path) }
  }

  private static func size(of path: String) -> Int {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
  }
}
