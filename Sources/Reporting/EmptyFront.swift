import Foundation
import Search
import StudyModel
import Support

/// Why no trial is on the front of a study, and what would have been there: whoever reads only "empty" cannot mend the spec.
struct EmptyFront {
  /// A sentence, then one line for each constraint.
  let lines: [String]

  /// Nil before the dense network is measured, and where some trial is on the front.
  init?(_ report: StudyReport) {
    guard let space = report.objectives, let front = report.front, front.records.isEmpty else { return nil }
    guard let rung = front.rung else {
      self.lines = [Self.nothingFinished(report)]
      return
    }
    let here = report.history.filter { $0.key.rung == rung && report.twins.original(of: $0.key.trial) == nil }
    let measures = here.compactMap { record in record.result.map { (record.key.trial, $0.measures) } }
    let constraints = report.spec.constraints
    let count = "\(measures.count) \(measures.count == 1 ? "trial was" : "trials were") \(report.trained(rung))"
    guard measures.contains(where: { !space.isFeasible($0.1) }) else {
      self.lines = [
        "No trial is on the front: \(count), and no one has a value for every objective."
      ]
      return
    }
    var lines = [
      "No trial is on the front: \(count), and none keeps every constraint."
    ]
    lines += constraints.map { "  " + Self.line($0, measures, space) }
    if constraints.count > 1, let nearest = measures.min(by: { space.violation(of: $0.1) < space.violation(of: $1.1) })
    {
      let values = Set(constraints.map(\.objective)).sorted { $0.rawValue < $1.rawValue }.map {
        "\(Figure.name($0, in: space)) \(Figure.value($0, space.value($0, of: nearest.1)))"
      }
      lines.append("  Nearest to all of them: trial \(nearest.0) with \(values.joined(separator: ", ")).")
    }
    let earlier = Set(
      report.history.filter { $0.key.rung < rung && ($0.result.map { space.isFeasible($0.measures) } ?? false) }
        .map(\.key.trial))
    if !earlier.isEmpty {
      lines.append("  \(earlier.count) \(earlier.count == 1 ? "trial" : "trials") kept them at an earlier rung.")
    }
    self.lines = lines
  }

  private static func nothingFinished(_ report: StudyReport) -> String {
    let trials = Set(report.records.filter { $0.key.purpose == .trial }.map(\.key.trial)).count
    let failed = report.failures.filter { $0.key.purpose == .trial }
    guard let last = failed.last?.failure else {
      return "No trial is on the front yet: none of \(trials) has finished."
    }
    return
      "No trial is on the front: none of \(trials) has finished, and \(failed.count) failed; the last so: \(last.message)"
  }

  private static func line(
    _ constraint: Constraint, _ trials: [(TrialID, Measures)], _ space: ObjectiveSpace
  ) -> String {
    let text = ConstraintGrammar.text(constraint)
    let broken = trials.filter { space.violation(of: $0.1, constraint) > 0 }
    guard broken.count > 0 else { return "\(text): all keep it." }
    let measured = broken.compactMap { trial, measures in
      space.sides(of: constraint, measures).map { (trial: trial, value: $0.value, dense: $0.dense) }
    }
    let some = "\(broken.count) of \(trials.count) \(trials.count == 1 ? "trial breaks" : "trials break") it"
    func violation(_ side: (trial: TrialID, value: Double, dense: Double)) -> Double {
      constraint.violation(of: side.value, baseline: side.dense)
    }
    guard let nearest = measured.min(by: { violation($0) < violation($1) }) else {
      return "\(text): \(some), since \(constraint.objective.rawValue) was not measured."
    }
    let bound = constraint.baselineFactor * nearest.dense + constraint.offset
    var words = "\(text) (here \(constraint.relation.rawValue) \(figure(constraint.objective, bound))): \(some); "
    words += "the nearest has \(figure(constraint.objective, nearest.value)) (trial \(nearest.trial))"
    if broken.count == trials.count {
      let kept = ConstraintGrammar.text(admitting(nearest.value, dense: nearest.dense, constraint))
      words += ", which \"\(kept)\" would admit"
    }
    return words + "."
  }

  /// The constraint of the same form that this value just keeps, rounded to its side.
  static func admitting(_ value: Double, dense: Double, _ constraint: Constraint) -> Constraint {
    let isLower = constraint.relation == .atLeast
    let changesFactor =
      constraint.objective != .accuracy && constraint.baselineFactor != 0 && constraint.offset == 0 && dense > 0
    let scale: Double =
      switch constraint.objective {
      case _ where changesFactor: 1000
      case .accuracy: 10_000
      case .parameters, .macs, .size: 1
      case .latency: 10_000_000
      }
    func wider(_ steps: Double) -> Constraint {
      var wider = constraint
      if changesFactor { wider.baselineFactor = steps / scale } else { wider.offset = steps / scale }
      return wider
    }
    let exact = (changesFactor ? value / dense : value - constraint.baselineFactor * dense) * scale
    let steps = isLower ? (exact + 1e-6).rounded(.down) : (exact - 1e-6).rounded(.up)
    // The last digit of a double may stand on the wrong side.
    let isKept = wider(steps).violation(of: value, baseline: dense) == 0
    return isKept ? wider(steps) : wider(isLower ? steps - 1 : steps + 1)
  }

  /// Bounds may be outside of what a figure usually shows.
  private static func figure(_ objective: Objective, _ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e18 else { return "\(value)" }
    return value < 0 ? Figure.plain(value) : Figure.value(objective, value)
  }
}
