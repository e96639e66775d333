import Foundation
import Support

/// Where a study was opened, as the kernel knows it: tells whether the folder's path still leads to the files that are open.
package final class StudyPlace {
  private struct Identity: Hashable {
    let device: dev_t
    let number: ino_t

    init?(path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, number) = (status.st_dev, status.st_ino)
    }
  }

  private let folder: StudyFolder
  private let descriptor: Int32
  private let pathAtStart: String
  private let folderAtStart: Identity?
  private let databaseAtStart: Identity?

  /// The database must be open, and stay so: its number is not used again as long.
  init(_ folder: StudyFolder) throws {
    self.folder = folder
    descriptor = open(folder.url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault(operation: "open", path: folder.url.path, errorNumber: errno) }
    pathAtStart = Self.path(of: descriptor)
    folderAtStart = Identity(path: folder.url.path)
    databaseAtStart = Identity(path: folder.database.path)
  }

  deinit { close(descriptor) }

  /// Throws `moved`, with where the folder is now, when the path leads elsewhere or nowhere.
  package func check() throws {
    let (folderNow, databaseNow) = (Identity(path: folder.url.path), Identity(path: folder.database.path))
    guard folderNow != folderAtStart || databaseNow != databaseAtStart else { return }
    throw fault(isReplaced: folderNow != nil && folderNow != folderAtStart, isSameFolder: folderNow == folderAtStart)
  }

  private func fault(isReplaced: Bool, isSameFolder: Bool) -> StudyStoreError {
    let old = folder.url.path
    let now = Self.path(of: descriptor)
    let more = isReplaced ? " Another folder lies in its place." : ""
    if isSameFolder {
      return StudyStoreError(
        .moved, "The database '\(folder.database.path)' was removed or replaced while the search ran.",
        remedy: "Put it back as it was, with the files beside it, then --resume; or begin anew with --output.")
    }
    if isDeleted(now) {
      return StudyStoreError(
        .moved, "The study's folder '\(old)' was deleted while the search ran.\(more)",
        remedy: "Restore it from a copy, or begin anew with --output.")
    }
    let what =
      now == pathAtStart
      ? "The path '\(old)' no longer leads to the study's folder, which is '\(now)'."
      : "The study's folder '\(old)' was moved to '\(now)' while the search ran."
    return StudyStoreError(
      .moved, what + more, remedy: "Nothing that was stored is lost. Go on with: --resume --output '\(now)'")
  }

  private func isDeleted(_ path: String) -> Bool {
    var status = stat()
    return path.hasSuffix(" (deleted)") || (fstat(descriptor, &status) == 0 && status.st_nlink == 0)
  }

  /// Where an open folder is now (proc(5)): its path follows it.
  private static func path(of descriptor: Int32) -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) ?? ""
  }
}
