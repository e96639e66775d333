import CLinux
import Foundation

/// A descriptor that is closed with its owner, and that no child inherits unless it is mapped.
package final class OwnedDescriptor {
  /// The number; -1 once closed.
  package private(set) var raw: Int32

  package init(_ raw: Int32) { self.raw = raw }

  deinit { close() }

  package func close() {
    guard raw >= 0 else { return }
    // Not repeated on EINTR: Linux has released the number by then, and another thread may own it.
    Glibc.close(raw)
    raw = -1
  }

  /// Opens /dev/null for reading and writing.
  package static func null() throws -> OwnedDescriptor {
    let raw = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard raw >= 0 else { throw LaunchError("open '/dev/null'", errorNumber: errno) }
    return OwnedDescriptor(raw)
  }

  /// The two ends of a new pipe.
  package static func pipe() throws -> (read: OwnedDescriptor, write: OwnedDescriptor) {
    var ends: [Int32] = [-1, -1]
    guard coppice_pipe(&ends) == 0 else { throw LaunchError("create a pipe", errorNumber: errno) }
    return (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
  }

  /// From now on reads and writes fail with EAGAIN instead of waiting.
  package func stopBlocking() throws {
    let flags = fcntl(raw, F_GETFL)
    guard flags >= 0, fcntl(raw, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw LaunchError("stop a descriptor from blocking", errorNumber: errno)
    }
  }
}
