import Foundation
import Support

/// A blob that is being written. The writer holds a lock on the file, so that others can tell a live writer's file from a
/// dead one's; an unpublished file is removed with this value.
struct PartialFile: ~Copyable {
  private let path: String
  private let descriptor: Int32

  init(in folder: URL) throws {
    while true {
      let path = folder.appendingPathComponent(UUID().uuidString).path
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
      guard descriptor >= 0 else { throw FileFault(operation: "create", path: path, errorNumber: errno) }
      // Between its creation and the lock the file looks abandoned; a reaper that was faster means a new try.
      var status = stat()
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink == 1 {
        self.path = path
        self.descriptor = descriptor
        return
      }
      close(descriptor)
    }
  }

  deinit {
    unlink(path)
    close(descriptor)
  }

  func write(_ bytes: Data) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          throw FileFault(operation: "write", path: path, errorNumber: errno)
        }
        rest = rest.dropFirst(written)
      }
    }
  }

  /// Flushes the file, makes it read-only and gives it its final name in one step. (The file's temporary name is gone then,
  /// so the removal at the end of this value's life finds nothing.)
  func publish(as final: String) throws {
    guard fchmod(descriptor, 0o444) == 0, fsync(descriptor) == 0 else {
      throw FileFault(operation: "flush", path: path, errorNumber: errno)
    }
    guard rename(path, final) == 0 else { throw FileFault(operation: "rename to", path: final, errorNumber: errno) }
  }

  /// Removes the files whose writers are dead, silently: whoever cannot remove them leaves them to the next one.
  static func reap(in folder: URL) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
      let path = folder.appendingPathComponent(name).path
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
    }
  }
}
