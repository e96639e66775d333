import Foundation
import Support

/// Holds a study for one coordinator, by a lock on a file beside the database that names its holder.
///
/// The kernel drops the lock with the process, however that ends. The file itself stays: removing it would let two processes
/// hold locks on two files of one name.
final class StudyLock {
  private var descriptor: Int32

  /// Throws `locked` with the holder's name when another process (or another lock of this one) has it.
  init(_ url: URL) throws {
    descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw FileFault(operation: "lock", path: url.path, errorNumber: errno) }
    guard Self.takes(descriptor) else {
      let fault = errno
      let holder = (try? String(contentsOf: url, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
      close(descriptor)
      guard fault == EWOULDBLOCK else { throw FileFault(operation: "lock", path: url.path, errorNumber: fault) }
      throw StudyStoreError(
        .locked,
        "The study in '\(url.deletingLastPathComponent().path)' is being run by \(holder ?? "another process").",
        remedy: "Wait for it, stop it, or choose another output folder.")
    }
    let info = ProcessInfo.processInfo
    let text = Data("process \(info.processIdentifier) on \(info.hostName)\n".utf8)
    _ = ftruncate(descriptor, 0)
    // Only for people: a lock without its holder's name is a lock all the same.
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  /// Tries for a moment: `isHeld` takes the lock for as long as it looks.
  private static func takes(_ descriptor: Int32) -> Bool {
    for _ in 0..<5 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      guard errno == EWOULDBLOCK else { return false }
      usleep(20_000)
    }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  /// True when a coordinator has the study open now.
  static func isHeld(_ url: URL) -> Bool {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  deinit { release() }

  func release() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
  }
}
