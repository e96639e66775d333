import Foundation

/// SIGPIPE, which kills a process that writes to a pipe whose reader is gone.
package enum BrokenPipes {
  /// From now on such a write fails with EPIPE, in the whole process; children start with the signal's default again.
  package static func ignore() { signal(SIGPIPE, SIG_IGN) }
}
