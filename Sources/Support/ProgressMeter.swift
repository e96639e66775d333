import Foundation

/// Shows how far a long step is and how long it will still take, on standard error.
///
/// On a terminal one line is redrawn, cut to its width; elsewhere a plain line comes every few seconds. Steps of under two
/// seconds stay silent.
package final class ProgressMeter {
  private let title: String
  private let live: LiveLine
  private let now: () -> Double
  private let start: Double
  private var lastShown: Double
  private var hasShown = false

  package init(
    _ title: String,
    isTerminal: Bool = Terminal.errors.isInteractive,
    columns: @escaping () -> Int = { Terminal.errors.columns },
    now: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime },
    sink: @escaping (String) -> Void = { StandardError.write($0) }
  ) {
    self.title = title
    live = LiveLine(isTerminal: isTerminal, columns: columns, sink: sink)
    self.now = now
    start = now()
    lastShown = start
  }

  /// Shows `fraction` (0 to 1) and, behind it, a detail such as the current loss.
  package func update(_ fraction: Double, detail: String = "") {
    let time = now()
    let interval = live.isTerminal ? 0.2 : 5.0
    guard time - start > 2, time - lastShown >= interval else { return }
    lastShown = time
    hasShown = true
    let elapsed = time - start
    let left = fraction > 0.001 ? ", \(Units.timeLeft(seconds: elapsed * (1 - fraction) / fraction))" : ""
    live.show("\(title): \(Int(fraction * 100))%\(left)\(detail.isEmpty ? "" : "  \(detail)")")
  }

  /// Ends the display with what was reached; silent when nothing was ever shown.
  package func finish(_ summary: String = "") {
    guard hasShown else { return }
    live.keep("\(title): \(summary.isEmpty ? "done" : summary) in \(Units.duration(seconds: now() - start))")
  }
}
