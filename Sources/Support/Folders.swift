import Foundation

/// Folders of the user's, whose failures are told in our words.
package enum Folders {
  /// Makes the folder, and those above it that are not there; one that is there is fine. Throws `FileFault`.
  package static func make(at url: URL) throws { try make(url.path) }

  private static func make(_ path: String) throws {
    if isFolder(path) { return }
    let parent = LinkedPath.folder(of: path)
    if parent != path, !isFolder(parent) { try make(parent) }
    let number = mkdir(path, 0o755) == 0 ? 0 : errno
    // Another process may have been faster.
    guard number == 0 || isFolder(path) else {
      throw FileFault(operation: "make the folder", path: path, errorNumber: number)
    }
  }

  /// Throws `FileFault` when `make` could not make the folder, or no file could be made in it; changes nothing.
  package static func checkMakeable(at url: URL) throws {
    var path = url.path
    var status = stat()
    // A link that leads nowhere counts as there: no folder can take its place.
    while lstat(path, &status) != 0 && errno == ENOENT && path != "/" && path != "." {
      path = LinkedPath.folder(of: path)
    }
    let number =
      if stat(path, &status) != 0 {
        errno
      } else if status.st_mode & S_IFMT != S_IFDIR {
        ENOTDIR
      } else {
        access(path, W_OK | X_OK) == 0 ? 0 : errno
      }
    guard number == 0 else {
      throw FileFault(
        operation: path == url.path ? "write to the folder" : "make the folder", path: url.path, errorNumber: number)
    }
  }

  /// The names of what is in the folder, in order. Throws `FileFault`.
  package static func names(in url: URL) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
    } catch {
      let fault = FileFault(foundationError: error, operation: "read the folder", path: url.path)
      throw fault as (any Error)? ?? error
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
