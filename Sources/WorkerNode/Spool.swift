import Foundation
import StudyModel
import Support
import WireProtocol

/// A worker's results that no coordinator has acknowledged, one file each, whole or absent whatever crashes.
///
/// One folder serves one worker at a time.
package struct Spool {
  private let folder: URL

  /// A result as it lies on the disk.
  private struct Entry: Codable {
    var run: String
    var lease: LeaseID
    var result: Data
    var digest: Digest
  }

  /// Makes the folder when it is not there, within one that is.
  package init(folder: String) throws {
    self.folder = URL(fileURLWithPath: folder, isDirectory: true)
    try ChildFolder.make(at: self.folder)
  }

  /// Returns once the result is on the disk.
  package func write(_ report: ResultReport, run: String) throws {
    let entry = Entry(run: run, lease: report.lease, result: report.bytes, digest: report.digest)
    try DurableFile.write(CanonicalBytes.encode(entry), to: url(report.lease, run: run))
  }

  package func remove(_ lease: LeaseID, run: String) {
    try? FileManager.default.removeItem(at: url(lease, run: run))
  }

  /// What earlier processes left, by lease, and the files that hold no whole result (they stay where they are).
  package func load() -> (results: [SpooledResult], unreadable: [String]) {
    var results: [SpooledResult] = []
    var unreadable: [String] = []
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names.sorted() where name.hasSuffix(Self.suffix) && !name.hasPrefix(".") {
      if let result = try? Self.read(folder.appendingPathComponent(name)) {
        results.append(result)
      } else {
        unreadable.append(name)
      }
    }
    return (results.sorted { $0.report.lease < $1.report.lease }, unreadable)
  }

  private static let suffix = ".result"

  private static func read(_ url: URL) throws -> SpooledResult? {
    let entry = try CanonicalBytes.decode(Entry.self, from: Data(contentsOf: url))
    let report = ResultReport(lease: entry.lease, bytes: entry.result)
    guard report.digest == entry.digest else { return nil }
    return SpooledResult(run: entry.run, report: report)
  }

  /// The run is hashed into the name: it comes from a peer and may hold anything.
  private func url(_ lease: LeaseID, run: String) -> URL {
    folder.appendingPathComponent("\(Digest(of: Data(run.utf8)).short)-\(lease)\(Self.suffix)")
  }
}
