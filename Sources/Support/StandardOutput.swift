import Foundation
import Synchronization

/// What a command prints. Nothing is held back: when a call returns, the text is written or its failure is known.
package enum StandardOutput {
  private static let firstFault = Mutex<OutputError?>(nil)

  /// Writes the text. A failure is kept for the command's end (`check`), since what the command does besides is not to suffer
  /// from it; what comes after a failure is dropped.
  ///
  /// Where the reader of a pipe has gone (`coppice front night | head`), the process ends here by SIGPIPE, without a word.
  package static func write(_ text: String) {
    firstFault.withLock { fault in
      guard fault == nil else { return }
      let number = writeWhole(text, to: STDOUT_FILENO)
      if number == EPIPE { endByBrokenPipe() }
      if number != 0 { fault = .standardOutput(errorNumber: number) }
    }
  }

  /// The first failure, or nil.
  package static var fault: OutputError? { firstFault.withLock { $0 } }

  /// Throws the first failure; to be called when a command has done everything else.
  package static func check() throws { if let fault { throw fault } }

  private static func endByBrokenPipe() -> Never {
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    // Where the signal is blocked, the status that shells show for it.
    _exit(128 + SIGPIPE)
  }
}

/// Messages and progress on standard error. What cannot be written is lost: work must not fail because nobody can be told of it.
package enum StandardError {
  package static func write(_ text: String) { _ = writeWhole(text, to: STDERR_FILENO) }
}

/// Writes all of the text; returns 0, or the number of the error that stopped it.
private func writeWhole(_ text: String, to descriptor: Int32) -> Int32 {
  var text = text
  return text.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno == EAGAIN {
        // A terminal or pipe that another program has set not to block; the time limit is for one that nobody reads.
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, 10_000) > 0 else { return EAGAIN }
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}
