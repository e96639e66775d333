import Foundation

/// Descriptors 0, 1 and 2.
package enum StandardStreams {
  /// What both programs do before anything else: no closed stream, and no death by a reader that went away.
  ///
  /// In the place of a stream that is closed comes /dev/null, open for reading, so that no file or socket of ours gets a number
  /// that everybody writes to. What is printed there fails, as it would with the stream closed.
  ///
  /// SIGPIPE is ignored: a search must not die because nobody reads its progress. `StandardOutput` ends the process by it where
  /// that is what its user expects. Children start with the signal's default again.
  package static func prepare() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one: those below are open by now.
      _ = open("/dev/null", O_RDONLY)
    }
    signal(SIGPIPE, SIG_IGN)
  }
}
