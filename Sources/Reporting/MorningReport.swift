import Foundation
import Search
import StudyModel
import Support

/// The report of a study as one HTML file: no scripts and nothing fetched from elsewhere, but links to the networks beside it; the
/// same study gives the same bytes.
package struct MorningReport {
  let report: StudyReport
  let marks: CriterionMarks
  /// Where the networks' files lie, seen from the report's own folder.
  let networkFolder: String

  package init(_ report: StudyReport, networkFolder: String = "networks") {
    self.report = report
    self.networkFolder = networkFolder
    marks = CriterionMarks(report)
  }

  /// By which a file is known as a report of ours.
  private static let mark = #"<meta name="generator" content="Coppice" />"#

  /// True when a file that begins with these bytes, some thousand, is a report that this or an earlier version wrote.
  package static func wrote(_ beginning: Data) -> Bool {
    let text = String(decoding: beginning, as: UTF8.self)
    return text.contains(mark) || text.contains("<title>Coppice: ")
  }

  package var html: String {
    let title = HTMLText.escaped("Coppice: \(report.spec.study)")
    var body = "<h1>\(HTMLText.escaped(report.spec.study))</h1>\n"
    body += summary
    body += warnings
    body += section("Which network to take", recommendations)
    body += section("Accuracy against cost", scatterPlots)
    body += section("Pareto front", frontTable)
    body += section("Channels that stay", keptChannels)
    body += section("Against chance", chance)
    body += section("Hypervolume over time", curvePlot)
    body += section("Evaluations", evaluationCounts)
    body += section("Engines", EngineTable(report).html)
    body += section("Failures", failures)
    body += section("How to run it again", reproduction)
    body += section("Specification", "<pre>\(HTMLText.escaped(SpecPrinter.yaml(report.spec)))</pre>\n")
    body += section("Machine", HTMLText.table(["fact", "value"], rows: report.facts.map { [$0.name, $0.value] }))
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8" />
      \(Self.mark)
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <title>\(title)</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      \(body)</body>
      </html>

      """
  }

  private func section(_ title: String, _ content: String) -> String {
    "<section><h2>\(HTMLText.escaped(title))</h2>\n\(content)</section>\n"
  }

  private var summary: String {
    let trials = Set(report.records.filter { $0.key.purpose == .trial }.map(\.key.trial)).count
    var text =
      "\(report.history.count) evaluations of \(trials) trials finished in \(Units.duration(seconds: report.elapsed))"
    text += "."
    if let outcome = report.outcome { text += " \(outcome)" }
    if let dense = report.baseline?.result?.measures, let space = report.objectives {
      text +=
        " Dense network: \(Figure.accuracy(dense.accuracy)) (\(Figure.interval(dense.accuracy))), "
        + "\(Figure.value(.parameters, space.value(.parameters, of: dense))) \(Figure.name(.parameters, in: space)), "
        + "\(Units.count(dense.macs)) MACs, "
        + "\(Units.bytes(dense.sizeBytes))"
      if let latency = dense.latency { text += ", \(Figure.latency(latency.seconds))" }
      text += "."
    }
    return "<p>\(HTMLText.escaped(text))</p>\n"
  }

  private var warnings: String {
    let found = report.allWarnings
    if found.isEmpty { return "" }
    return "<ul class=\"warnings\">\n" + found.map { "<li>\(HTMLText.escaped($0))</li>\n" }.joined() + "</ul>\n"
  }

  private var chance: String {
    "<p>\(HTMLText.escaped(ChanceBaseline(report)?.text ?? "No trial has finished."))</p>\n"
  }

  private var evaluationCounts: String {
    let trials = report.records.filter { $0.key.purpose == .trial }
    let rungs = Set(trials.map(\.key.rung)).sorted()
    let byRung = rungs.map { rung -> [String] in
      let here = trials.filter { $0.key.rung == rung }
      let seconds = here.compactMap { $0.result?.timings.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value } }
      return ["\(rung)", report.epochs(rung)]
        + EvaluationStatus.allCases.map { status in "\(here.count { $0.status == status })" }
        + [Units.duration(seconds: seconds.reduce(0, +))]
    }
    let twins = report.twins.count
    let shared =
      twins > 0
      ? "<p>Trials that came to the network of another one, which was measured and trained once: \(twins).</p>\n" : ""
    let workers = Dictionary(grouping: trials.filter { $0.status == .done }, by: { $0.worker ?? "-" })
    return HTMLText.table(
      ["rung", "epochs"] + EvaluationStatus.allCases.map(\.rawValue) + ["compute time"], rows: byRung,
      numeric: Set(0..<8))
      + HTMLText.table(
        ["worker", "finished evaluations"],
        rows: workers.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value.count)"] },
        numeric: [1]) + shared
  }

  private var failures: String {
    let failed = report.failures
    let retried = report.records.filter { $0.status == .done && $0.attempts > 1 }.count
    let retries = "<p>\(retried) evaluations succeeded after a failed attempt.</p>\n"
    if failed.isEmpty { return "<p>No evaluation was given up.</p>\n" + retries }
    struct Place: Hashable {
      let kind: String
      let worker: String
    }
    let groups = Dictionary(grouping: failed) {
      Place(kind: $0.failure?.failureClass.rawValue ?? "-", worker: $0.worker ?? "-")
    }
    let counts = groups.sorted { ($0.key.kind, $0.key.worker) < ($1.key.kind, $1.key.worker) }
      .map { [$0.key.kind, $0.key.worker, "\($0.value.count)"] }
    let details = failed.prefix(50).map { record in
      [
        Figure.subject(record.key), "\(record.key.rung)", "\(record.attempts)",
        record.failure?.failureClass.rawValue ?? "-",
        record.failure?.message ?? "", String((record.failure?.logTail ?? "").suffix(400)),
      ]
    }
    let more = failed.count > 50 ? "<p>\(failed.count - 50) more are not shown.</p>\n" : ""
    return setAside + HTMLText.table(["class", "worker", "evaluations"], rows: counts, numeric: [2]) + retries
      + HTMLText.table(["trial", "rung", "attempts", "class", "message", "end of the log"], rows: details) + more
  }

  private var setAside: String {
    let records = report.setAside
    if records.isEmpty { return "" }
    let rows = records.map {
      ["\($0.key.trial)", "\($0.key.rung)", $0.key.purpose.rawValue, report.reason($0)]
    }
    let words =
      "Set aside, and not tried again unless asked: `coppice retry FOLDER --trial N` (or --all) puts back, then --resume."
    return "<p>\(HTMLText.escaped(words))</p>\n" + HTMLText.table(["trial", "rung", "purpose", "why"], rows: rows)
  }

  private var reproduction: String {
    guard let command = report.reproduction else { return "<p>No command was recorded.</p>\n" }
    return "<pre>\(HTMLText.escaped(command))</pre>\n"
  }
}
