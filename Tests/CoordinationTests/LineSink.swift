import Logging
import Logs
import Synchronization

/// A log that a test reads.
final class LineSink: Sendable {
  private let kept = Mutex<[String]>([])

  var lines: [String] { kept.withLock { $0 } }

  var logger: Logger {
    Logger(
      label: "test", level: .trace, format: .brief,
      to: LogDestination { line in self.kept.withLock { $0.append(String(line.dropLast())) } })
  }
}
