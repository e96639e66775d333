import Foundation

/// Shows how far a long step is and how long it will still take, on standard error.
///
/// On a terminal one line is redrawn; elsewhere a plain line comes every few seconds. Steps of under two seconds stay silent.
package final class ProgressMeter {
  private let title: String
  private let isTerminal: Bool
  private let sink: (String) -> Void
  private let now: () -> Double
  private let start: Double
  private var lastShown: Double
  private var hasShown = false

  package init(
    _ title: String,
    isTerminal: Bool = isatty(STDERR_FILENO) == 1,
    now: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime },
    sink: @escaping (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }
  ) {
    self.title = title
    self.isTerminal = isTerminal
    self.now = now
    self.sink = sink
    start = now()
    lastShown = start
  }

  /// Shows `fraction` (0 to 1) and, behind it, a detail such as the current loss.
  package func update(_ fraction: Double, detail: String = "") {
    let time = now()
    let interval = isTerminal ? 0.2 : 5.0
    guard time - start > 2, time - lastShown >= interval else { return }
    lastShown = time
    hasShown = true
    let elapsed = time - start
    let left = fraction > 0.001 ? ", \(Units.duration(seconds: elapsed * (1 - fraction) / fraction)) left" : ""
    let line = "\(title): \(Int(fraction * 100))%\(left)\(detail.isEmpty ? "" : "  \(detail)")"
    sink(isTerminal ? "\r\u{1B}[2K\(line)" : line + "\n")
  }

  /// Ends the display with what was reached; silent when nothing was ever shown.
  package func finish(_ summary: String = "") {
    guard hasShown else { return }
    let line = "\(title): \(summary.isEmpty ? "done" : summary) in \(Units.duration(seconds: now() - start))"
    sink(isTerminal ? "\r\u{1B}[2K\(line)\n" : line + "\n")
  }
}
