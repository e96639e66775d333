import ArgumentParser
import Coordination
import Foundation
import StudyStore

/// What a start finds in its study's folder, so that a start that fails leaves nothing of its own behind: the spec can be mended
/// and given again.
struct StartedFolder {
  private let folder: StudyFolder
  private let files = FileManager.default
  /// The folder and those above it that were not there, the innermost first.
  private let missing: [URL]
  private let entries: Set<String>

  init(_ folder: StudyFolder) {
    self.folder = folder
    var missing: [URL] = []
    var url = folder.url.standardizedFileURL
    while !FileManager.default.fileExists(atPath: url.path), url.path != "/" {
      missing.append(url)
      url = url.deletingLastPathComponent()
    }
    self.missing = missing
    entries = Set((try? FileManager.default.contentsOfDirectory(atPath: folder.url.path)) ?? [])
  }

  /// Removes what this start made, where it failed before it had anything worth keeping. A search that went on, one that was
  /// stopped and one whose logs say why it failed stay.
  func takeBack(after error: any Error) {
    guard !entries.contains(folder.database.lastPathComponent), isOfStart(error) else { return }
    for url in own where !entries.contains(url.lastPathComponent) { try? files.removeItem(at: url) }
    // Only what is empty: nothing of anybody else leaves.
    for url in missing { guard rmdir(url.path) == 0 else { return } }
  }

  private func isOfStart(_ error: any Error) -> Bool {
    switch error {
    case is ArgumentParser.ExitCode: return false
    case let error as StudyStoreError where [.locked, .exists, .moved].contains(error.code):
      // Somebody else's, or elsewhere.
      return false
    case let error as CoordinationError where [.baselineInaccurate, .baselineNearChance].contains(error.code):
      // The message says all that was found.
      return true
    default:
      guard let snapshot = try? StudyReader(folder).snapshot() else { return true }
      return snapshot.order.isEmpty
    }
  }

  /// Everything that a study keeps in its folder.
  private var own: [URL] {
    let database = folder.database.path
    return [folder.artifacts, folder.networks, folder.logs, folder.spools, folder.spec, folder.lock, folder.report]
      + ["", "-wal", "-shm", "-journal"].map { URL(fileURLWithPath: database + $0) }
  }
}
