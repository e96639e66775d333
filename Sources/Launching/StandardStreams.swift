import Foundation

/// Descriptors 0, 1 and 2.
package enum StandardStreams {
  /// Opens /dev/null in the place of those that are closed, so that no file or socket of ours gets a number that
  /// everybody writes to.
  package static func ensureOpen() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one: those below are open by now.
      _ = open("/dev/null", O_RDWR)
    }
  }
}
