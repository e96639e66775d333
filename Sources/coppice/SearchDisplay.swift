import Coordination
import Foundation
import StudyModel
import Support

/// A search's state as one line on standard error: redrawn on a terminal, a plain line every ten seconds elsewhere.
final class SearchDisplay {
  private let budget: Budget
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var lastShown = -Double.infinity
  /// When the sealed tests began, for the time that they will still take.
  private var sealedSince: Double?

  init(budget: Budget) { self.budget = budget }

  func show(_ progress: SearchProgress) {
    let interval = isTerminal ? 0.5 : 10
    guard progress.elapsed - lastShown >= interval || progress.elapsed < lastShown else { return }
    lastShown = progress.elapsed
    write(isTerminal ? "\r\u{1B}[2K\(line(progress))" : line(progress) + "\n")
  }

  func end(_ summary: SearchSummary) {
    if isTerminal { write("\r\u{1B}[2K") }
    let done = summary.records.count { $0.status == .done && $0.key.purpose == .trial }
    write("\(done) evaluations in \(Units.duration(seconds: summary.elapsed)).\n")
  }

  private func line(_ progress: SearchProgress) -> String {
    var parts = [Units.duration(seconds: progress.elapsed)]
    if let left = progress.timeLeft { parts.append("\(Units.duration(seconds: left)) left") }
    switch progress.phase {
    case .baseline: parts.append("measuring the dense network")
    case .search:
      parts.append("\(progress.trials)\(budget.trials.map { " of \($0)" } ?? "") trials")
      parts.append("done by rung \(progress.finishedByRung.map(String.init).joined(separator: "/"))")
      parts.append("front \(progress.front.count)")
      if let best = progress.front.first?.result?.measures.accuracy.share {
        parts.append("best \(Units.percent(best))")
      }
    case .sealedTest:
      let (finished, all) = progress.sealedTests
      let since = sealedSince ?? progress.elapsed
      sealedSince = since
      if finished > 0, progress.elapsed > since {
        let left = (progress.elapsed - since) / Double(finished) * Double(all - finished)
        parts.append("\(Units.duration(seconds: left)) left")
      }
      parts.append("sealed test: \(finished) of \(all) networks")
    case .ended: parts.append("ended")
    }
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    let running = progress.running.map { run in
      "\(run.worker) " + (run.step.isEmpty ? "starting" : "\(run.step) \(Int(run.fraction * 100))%")
    }
    return (parts + running).joined(separator: "  ")
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
