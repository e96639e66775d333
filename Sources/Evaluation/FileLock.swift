import Foundation
import Support

/// An exclusive lock between processes on one machine; the kernel frees it when its holder dies.
struct FileLock: ~Copyable {
  private let descriptor: Int32

  /// Waits until the lock is free.
  init(waitingFor url: URL) throws {
    let opened = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard opened >= 0 else { throw FileFault(operation: "create", path: url.path, errorNumber: errno) }
    while flock(opened, LOCK_EX) != 0 {
      guard errno == EINTR else {
        let number = errno
        close(opened)
        throw FileFault(operation: "lock", path: url.path, errorNumber: number)
      }
    }
    descriptor = opened
  }

  deinit { close(descriptor) }
}
