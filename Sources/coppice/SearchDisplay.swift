import Coordination
import StudyModel
import Support

/// A search's state on standard error: one line that is redrawn on a terminal, a plain line every ten seconds elsewhere.
final class SearchDisplay {
  private let live = LiveLine()
  private let input: InputNormalization
  private var line: ProgressLine
  private var lastShown = -Double.infinity
  private var isPaused = false
  private var hasWarned = false

  init(spec: StudySpec) {
    line = ProgressLine(spec: spec)
    input = spec.input
  }

  func show(_ progress: SearchProgress) {
    if (progress.pause != nil) != isPaused {
      isPaused.toggle()
      live.keep(progress.pause ?? "goes on: there is room on the disk again")
    }
    warn(progress)
    let interval = live.isTerminal ? 0.5 : 10
    guard progress.elapsed - lastShown >= interval || progress.elapsed < lastShown else { return }
    lastShown = progress.elapsed
    live.show(line.text(progress, columns: live.room))
  }

  /// Once, and as soon as it is known: a night under a wrong scaling is a night lost.
  private func warn(_ progress: SearchProgress) {
    guard !hasWarned, let dense = progress.baseline?.result?.measures.accuracy,
      let pruned = progress.front.first?.result?.measures.accuracy,
      let doubt = ScalingDoubt(dense: dense, pruned: pruned)
    else { return }
    hasWarned = true
    live.keep("warning: \(doubt.text(input, remedy: ScalingDoubt.specRemedy))")
  }

  func end(_ summary: SearchSummary) {
    let done = summary.records.count { $0.status == .done && $0.key.purpose == .trial }
    live.keep("\(done) evaluations in \(Units.duration(seconds: summary.elapsed)).")
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
}
