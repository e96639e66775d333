import Foundation
import Support

/// A file that a command will write at its end; a place where that cannot work is an error before the work, not after
/// it.
struct OutputFile {
  let url: URL

  init(_ path: String) throws {
    url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    let manager = FileManager.default
    guard manager.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw FileFault(operation: "create", path: path, errorNumber: ENOENT)
    }
    if manager.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw FileFault(operation: "create", path: path, errorNumber: EISDIR)
    }
    guard access(folder, W_OK) == 0 else {
      throw FileFault(operation: "create", path: path, errorNumber: EACCES)
    }
  }

  /// Whole or not at all.
  func write(_ bytes: Data) throws { try DurableFile.write(bytes, to: url) }
}
