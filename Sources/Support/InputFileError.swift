import Foundation

/// Why an input file cannot be read: one that is missing, one that this user may not read and one that is empty need different
/// remedies, so they are told apart.
package struct InputFileError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    case missing
    /// A folder stands in its place.
    case folder
    /// It is there, or may be there, but this user may not read it.
    case forbidden
    /// The system says something else.
    case unreadable
    case empty
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  /// Of a missing file: the one beside it whose name is like its name.
  package let neighbour: String?
  package var exitCode: ExitCode { code == .empty ? .badData : .missingInput }

  /// Nil where the file at `path` can be read and holds a byte. `kind` says what it should be, such as "spec".
  ///
  /// Pipes and devices are taken as they are: their bytes come when they are read.
  package init?(_ path: String, kind: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      self.init(path, kind: kind, errorNumber: errno)
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      self.init(path, kind: kind, errorNumber: EISDIR)
    case S_IFREG:
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        self.init(path, kind: kind, errorNumber: errno)
        return
      }
      close(descriptor)
      guard status.st_size == 0 else { return nil }
      self.init(emptyFile: path, kind: kind)
    // A pipe that is opened and closed again takes its writer's bytes away from whoever reads it afterwards.
    default: return nil
    }
  }

  package init(emptyFile path: String, kind: String) {
    code = .empty
    neighbour = nil
    message = "The \(kind) '\(path)' is empty: it has 0 bytes."
    remedy = "Write or copy it again; perhaps the program that wrote it was stopped, or its disk was full."
  }

  /// As a system call on `path` said it.
  package init(_ path: String, kind: String, errorNumber: Int32) {
    neighbour = [ENOENT, ENOTDIR].contains(errorNumber) ? Self.neighbour(of: path) : nil
    switch errorNumber {
    case ENOENT, ENOTDIR:
      code = .missing
      message = "There is no \(kind) '\(path)'."
      remedy = neighbour.map { "Check the path. Do you mean '\($0)'?" } ?? "Check the path."
    case EISDIR:
      code = .folder
      message = "'\(path)' is a folder, not a \(kind)."
      remedy = "Name a file in it."
    case EACCES, EPERM:
      code = .forbidden
      message = "The \(kind) '\(path)' cannot be read: this user has no permission."
      remedy = "Look at the owner and the permissions of the file and of its folders: ls -ld '\(path)'"
    case EINVAL:
      code = .unreadable
      message = "The \(kind) '\(path)' is a pipe or a device; it must be a plain file."
      remedy = "Write its bytes into a file first."
    default:
      code = .unreadable
      message = "The \(kind) '\(path)' cannot be read: \(String(cString: strerror(errorNumber)))."
      remedy = nil
    }
  }

  /// The file beside `path` whose name is like its name: with the same ending, or the same but for the ending.
  private static func neighbour(of path: String) -> String? {
    let url = URL(fileURLWithPath: path)
    let (folder, stem) = (url.deletingLastPathComponent(), url.deletingPathExtension().lastPathComponent)
    let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
      .map { folder.appendingPathComponent($0) }
    let alike = Spelling.nearest(
      to: stem,
      among: files.filter { $0.pathExtension == url.pathExtension }.map { $0.deletingPathExtension().lastPathComponent }
    )
    let found =
      files.first { $0.deletingPathExtension().lastPathComponent == alike && $0.pathExtension == url.pathExtension }
      ?? files.first { $0.deletingPathExtension().lastPathComponent == stem && !$0.pathExtension.isEmpty }
    var isFolder: ObjCBool = false
    guard let found, FileManager.default.fileExists(atPath: found.path, isDirectory: &isFolder), !isFolder.boolValue
    else { return nil }
    return path.contains("/") ? found.path : found.lastPathComponent
  }
}
