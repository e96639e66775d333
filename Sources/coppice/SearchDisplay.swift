import Coordination
import Foundation
import StudyModel
import Support

/// A search's state as one line on standard error: redrawn on a terminal, a plain line every ten seconds elsewhere.
final class SearchDisplay {
  private let budget: Budget
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var lastShown = -Double.infinity
  /// Where the phase stood when it was first seen, for the time that it will still take.
  private var start: (phase: CoordinatorMachine.Phase, elapsed: Double, finished: Double)?
  private var isPaused = false

  init(budget: Budget) { self.budget = budget }

  func show(_ progress: SearchProgress) {
    if (progress.pause != nil) != isPaused {
      isPaused.toggle()
      write((isTerminal ? "\r\u{1B}[2K" : "") + (progress.pause ?? "goes on: there is room on the disk again") + "\n")
    }
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

  /// What the end of a search leaves to do about its disk.
  static func remarks(_ summary: SearchSummary) -> [String] {
    var lines: [String] = []
    if let pause = summary.pause { lines.append("The search was \(pause)") }
    if !summary.missing.isEmpty {
      let names = summary.missing.map { "trial \($0.trial) rung \($0.rung)" }.joined(separator: ", ")
      lines.append(
        "Not exported, because their checkpoints are gone: \(names). "
          + (summary.ending == .stopped
            ? "They are made again when the search goes on to its end."
            : "Make them by `coppice prune --plan` with the plans that `coppice front --json` prints."))
    }
    return lines
  }

  private func line(_ progress: SearchProgress) -> String {
    var parts = [Units.duration(seconds: progress.elapsed)]
    if let pause = progress.pause { parts.append(pause) }
    if let left = progress.timeLeft { parts.append("\(Units.duration(seconds: left)) left") }
    switch progress.phase {
    case .baseline: parts.append("measuring the dense network")
    case .scan:
      let (finished, all) = progress.scans
      if let left = timeLeft(progress, finished: finished, all: all) { parts.append("\(left) left") }
      parts.append("measuring sensitivity \(Int(finished)) of \(all) groups")
    case .search:
      parts.append("\(progress.trials)\(budget.trials.map { " of \($0)" } ?? "") trials")
      parts.append("done by rung \(progress.finishedByRung.map(String.init).joined(separator: "/"))")
      parts.append("front \(progress.front.count)")
      if let best = progress.front.first?.result?.measures.accuracy.share {
        parts.append("best \(Units.percent(best))")
      }
    case .sealedTest:
      let (finished, all) = progress.sealedTests
      if let left = timeLeft(progress, finished: Double(finished), all: all) { parts.append("\(left) left") }
      parts.append("sealed test: \(finished) of \(all) networks")
    case .ended: parts.append("ended")
    }
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    let running = progress.running.map { run in
      "\(run.worker) " + (run.step.isEmpty ? "starting" : "\(run.step) \(Int(run.fraction * 100))%")
    }
    return (parts + running).joined(separator: "  ")
  }

  /// At the pace since this phase was first seen; a study that goes on has some of it behind itself.
  private func timeLeft(_ progress: SearchProgress, finished: Double, all: Int) -> String? {
    guard let start, start.phase == progress.phase else {
      start = (progress.phase, progress.elapsed, finished)
      return nil
    }
    let (passed, won) = (progress.elapsed - start.elapsed, finished - start.finished)
    guard passed > 0, won > 0 else { return nil }
    return Units.duration(seconds: passed / won * (Double(all) - finished))
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
