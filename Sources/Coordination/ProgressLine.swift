import StudyModel
import Support

/// A search's state in one line of plain words, made to fit a terminal.
package struct ProgressLine {
  private let spec: StudySpec
  /// Where the phase stood when it was first seen, for the time that it will still take.
  private var start: (phase: CoordinatorMachine.Phase, elapsed: Double, finished: Double)?

  package init(spec: StudySpec) { self.spec = spec }

  /// At most `columns` columns, or everything where that is nil. What matters less is left out first: what became of the
  /// trials, then the workers that are idle, and at last the end is cut off.
  package mutating func text(_ progress: SearchProgress, columns: Int? = nil) -> String {
    let head = head(progress)
    let trials = progress.phase == .search ? [trials(progress)].filter { !$0.isEmpty } : []
    let workers = progress.running.map(Self.words)
    let idle = progress.idle.isEmpty || progress.phase == .ended ? [] : ["\(progress.idle.count) idle"]
    let choices = [head + trials + workers + idle, head + workers + idle, head + workers]
      .map { TerminalText.plain($0.joined(separator: "  ")) }
    guard let columns else { return choices[0] }
    return choices.first { TerminalText.width($0) <= columns } ?? TerminalText.cut(choices[2], to: columns)
  }

  private mutating func head(_ progress: SearchProgress) -> [String] {
    var parts = [Units.duration(seconds: progress.elapsed)]
    if let pause = progress.pause { parts.append(pause) }
    if let left = progress.timeLeft { parts.append(Units.timeLeft(seconds: left)) }
    switch progress.phase {
    case .baseline: parts.append("measuring the dense network")
    case .scan:
      let (finished, all) = progress.scans
      if let left = timeLeft(progress, finished: finished, all: all) { parts.append(left) }
      parts.append("measuring sensitivity \(Int(finished)) of \(all) groups")
    case .search:
      parts.append("\(progress.trials)\(spec.budget.trials.map { " of \($0)" } ?? "") trials")
      let best = progress.front.first?.result?.measures.accuracy.share
      parts.append("front \(progress.front.count)" + (best.map { ", best \(Units.percent($0))" } ?? ""))
    case .sealedTest:
      let (finished, all) = progress.sealedTests
      if let left = timeLeft(progress, finished: Double(finished), all: all) { parts.append(left) }
      parts.append("sealed test: \(finished) of \(all) networks")
    case .ended: parts.append("ended")
    }
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    return parts
  }

  /// "20 pruned, 5 trained 1 epoch, 2 trained 3 epochs": how many trials have come how far. Each counts at every length that
  /// it has finished.
  private func trials(_ progress: SearchProgress) -> String {
    zip(spec.fineTune.rungs, progress.finishedByRung).filter { $1 > 0 }.map { epochs, count in
      epochs == 0 ? "\(count) pruned" : "\(count) trained \(Units.epochs(epochs))"
    }.joined(separator: ", ")
  }

  /// What one worker does now.
  static func words(_ run: SearchProgress.Running) -> String {
    let state: String
    if let silence = run.silence {
      state = "silent for \(Units.duration(seconds: silence))"
    } else if !run.step.isEmpty {
      state = "\(steps[run.step] ?? run.step) \(Int(run.fraction * 100))%"
    } else if run.fraction >= 1 {
      state = "sending its result"
    } else if run.startsEngine {
      state = "starting"
    } else {
      state = run.key.purpose == .trial ? "beginning trial \(run.key.trial)" : "beginning"
    }
    return "\(run.worker) \(state)"
  }

  /// The engine's names of its steps, in words that go on from a worker's name.
  private static let steps = [
    "load": "loading", "rebuild": "making a lost network again", "score": "scoring", "prune": "pruning",
    "recalibrate": "recalibrating", "fine-tune": "training", "evaluate": "measuring accuracy",
    "latency": "measuring latency", "export": "writing",
  ]

  /// At the pace since this phase was first seen; a study that goes on has some of it behind itself.
  private mutating func timeLeft(_ progress: SearchProgress, finished: Double, all: Int) -> String? {
    guard let start, start.phase == progress.phase else {
      start = (progress.phase, progress.elapsed, finished)
      return nil
    }
    let (passed, won) = (progress.elapsed - start.elapsed, finished - start.finished)
    guard passed > 0, won > 0 else { return nil }
    return Units.timeLeft(seconds: passed / won * (Double(all) - finished))
  }
}
