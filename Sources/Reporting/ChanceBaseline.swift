import Search
import StudyModel

/// What the same search reached where chance chose what leaves: the trials of the criterion `random` at the front's rung.
///
/// They had the same shapes, the same fine-tuning and the same data, so what the others reach beyond them is what criteria are
/// worth in this study; that they are worth anything is not a matter of course (Liu and others 2019, "Rethinking the value of
/// network pruning"; Mittal and others 2018, "Recovering from random pruning").
package struct ChanceBaseline: Sendable, Hashable {
  /// Trials that chance cut, of all that finished the rung.
  package let trials: Int
  package let allTrials: Int
  /// Those of them that are on the front, of all that are.
  package let onFront: Int
  package let front: Int
  /// Hypervolume of their points alone, and of all points of the rung.
  package let volume: Double
  package let allVolume: Double

  /// Nil before anything has finished.
  package init?(_ report: StudyReport) {
    guard let space = report.objectives, let front = report.front, let rung = front.rung else { return nil }
    let finished = report.history.filter { $0.key.rung == rung }
    let chance = finished.filter { $0.plan.criterion == .random }
    trials = chance.count
    allTrials = finished.count
    onFront = front.records.count { $0.plan.criterion == .random }
    self.front = front.records.count
    volume = HypervolumeCurve(chance, space: space).final
    allVolume = HypervolumeCurve(finished, space: space).final
  }

  /// In a sentence or two.
  package var text: String {
    guard trials > 0 else {
      return "Chance cut none of the \(allTrials) trials at this rung (criterion random)."
    }
    return
      "Chance cut \(trials) of the \(allTrials) trials at this rung (criterion random); \(onFront) of the \(front) "
      + "trials of the front are theirs. Alone they have a hypervolume of \(Figure.plain(volume)), all trials of the rung "
      + "one of \(Figure.plain(allVolume))."
  }
}
