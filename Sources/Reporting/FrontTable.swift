import Search
import StudyModel
import Support

/// The Pareto front, or the whole history, as a table for a terminal.
package enum FrontTable {
  /// The baseline's line first, then the front; accuracy is the validation split's unless a sealed column stands beside it.
  package static func front(_ report: StudyReport) -> String {
    guard let space = report.objectives, let front = report.front, let baseline = report.baseline else {
      return "The dense network has not been measured yet.\n"
    }
    guard let rung = front.rung, !front.records.isEmpty else {
      return "No trial is on the front yet (of \(report.history.count) finished evaluations).\n"
    }
    let title =
      "Pareto front of '\(report.spec.study)': \(front.records.count) of \(trialCount(report)) trials, at rung \(rung) "
      + "(\(report.epochs(rung)) epochs)"
      + (report.twins.count > 0 ? "; \(report.twins.count) had another's network" : "") + "\n"
    return title + table(front.records, baseline: baseline, report: report, space: space)
  }

  /// The groups of the sensitivity scan where there was one, then every finished evaluation of a trial in order of time.
  package static func history(_ report: StudyReport) -> String {
    guard let space = report.objectives else { return "The dense network has not been measured yet.\n" }
    return table(report.scans + report.history, baseline: nil, report: report, space: space)
  }

  /// What was set aside, why, and the command that puts it back; nil where nothing was.
  package static func setAside(_ report: StudyReport, folder: String) -> String? {
    let records = report.setAside
    guard !records.isEmpty else { return nil }
    let lines = records.map { record in
      "  \(record.key.text): \(report.reason(record))\n"
    }
    return "Set aside:\n" + lines.joined() + "Once the cause is mended: coppice retry \(folder) --all (or --trial N)\n"
  }

  static let measured: [Objective] = [.parameters, .macs, .size, .latency]

  private static func table(
    _ records: [EvaluationRecord], baseline: EvaluationRecord?, report: StudyReport, space: ObjectiveSpace
  ) -> String {
    let sealed = report.sealed
    let shownSealed = records.contains { $0.key.purpose != .scan && sealed[$0.key.trial] != nil }
    var headers: [(String, TextTable.Alignment)] = [
      ("trial", .right), ("criterion", .left), ("rung", .right), ("accuracy", .right), ("95% interval", .right),
    ]
    if shownSealed { headers.append(("sealed", .right)) }
    headers += measured.flatMap { [(Figure.name($0, in: space), .right), ("", .right)] }
    headers.append(("sparsity", .left))
    var table = TextTable(headers)
    for record in (baseline.map { [$0] } ?? []) + records {
      guard let measures = record.result?.measures else { continue }
      let isTrial = record.key.purpose == .trial
      var row = [
        Figure.subject(record.key), isTrial ? report.recipe(record) : "",
        isTrial ? "\(record.key.rung)" : "", Figure.accuracy(measures.accuracy), Figure.interval(measures.accuracy),
      ]
      if shownSealed {
        let measures = record.key.purpose == .scan ? nil : sealed[record.key.trial]
        row.append(measures.map { Figure.accuracy($0.accuracy) } ?? "-")
      }
      for objective in measured {
        row.append(Figure.value(objective, space.value(objective, of: measures)))
        row.append(Figure.ratio(space.ratio(objective, of: measures)))
      }
      let scanned = record.result?.scan.map { "\($0.group) \(Figure.plain($0.ratio))" }
      row.append(isTrial ? Figure.sparsity(record.plan.sparsity) : scanned ?? "")
      table.add(row)
    }
    return table.text
  }

  private static func trialCount(_ report: StudyReport) -> Int {
    Set(report.records.filter { $0.key.purpose == .trial }.map(\.key.trial)).count
  }
}
