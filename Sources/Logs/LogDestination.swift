import Foundation

/// Where lines of a log go. A line that cannot be written is lost: a log must not stop what it tells of.
package struct LogDestination: Sendable {
  package let write: @Sendable (String) -> Void

  package init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

  package static let standardError = LogDestination { _ = writeWhole($0, to: STDERR_FILENO) }

  package static func file(_ file: LogFile) -> LogDestination { LogDestination { file.write($0) } }
}

/// False when not all of it could be written.
func writeWhole(_ line: String, to descriptor: Int32) -> Bool {
  var line = line
  return line.withUTF8 { bytes in
    var done = 0
    while done < bytes.count {
      let written = Foundation.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return false }
      done += written
    }
    return true
  }
}
