import Foundation
import Support

/// An exclusive lock between processes on one machine; the kernel frees it when its holder dies.
struct FileLock: ~Copyable {
  private let descriptor: Int32

  /// Microseconds between two looks at a lock that is taken.
  private static let pause: useconds_t = 50_000

  /// Waits until the lock is free, and reports meanwhile; what `progress` throws ends the waiting.
  init(waitingFor url: URL, progress: WorkProgress = .unwatched) throws {
    let opened = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard opened >= 0 else { throw FileFault(operation: "create", path: url.path, errorNumber: errno) }
    do {
      while flock(opened, LOCK_EX | LOCK_NB) != 0 {
        let number = errno
        guard number == EWOULDBLOCK || number == EINTR else {
          throw FileFault(operation: "lock", path: url.path, errorNumber: number)
        }
        try progress.report()
        if number == EWOULDBLOCK { usleep(Self.pause) }
      }
    } catch {
      close(opened)
      throw error
    }
    descriptor = opened
  }

  deinit { close(descriptor) }
}
