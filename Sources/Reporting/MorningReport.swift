import Search
import StudyModel
import Support

/// The report of a study as one HTML file: no scripts and nothing fetched from elsewhere; the same study gives the same
/// bytes.
package struct MorningReport {
  private let report: StudyReport

  package init(_ report: StudyReport) { self.report = report }

  package var html: String {
    let title = HTMLText.escaped("Coppice: \(report.spec.study)")
    var body = "<h1>\(HTMLText.escaped(report.spec.study))</h1>\n"
    body += summary
    body += warnings
    body += section("Accuracy against cost", scatterPlots)
    body += section("Pareto front", frontTable)
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

  private var frontTable: String {
    guard let front = report.front, let space = report.objectives, let baseline = report.baseline,
      let rung = front.rung, !front.records.isEmpty
    else { return "<p>No trial is on the front.</p>\n" }
    let sealed = report.sealed
    let headers =
      ["trial", "criterion", "accuracy", "95% interval", "sealed test"]
      + FrontTable.measured.flatMap { [Figure.name($0, in: space), "ratio"] } + ["sparsity", "plan", "network"]
    let rows = ([baseline] + front.records).compactMap { record -> [String]? in
      guard let measures = record.result?.measures else { return nil }
      let isDense = record.key.purpose == .baseline
      var row = [
        isDense ? "dense" : "\(record.key.trial)", isDense ? "" : report.recipe(record),
        Figure.accuracy(measures.accuracy), Figure.interval(measures.accuracy),
        sealed[record.key.trial].map { "\(Figure.accuracy($0.accuracy)) (\(Figure.interval($0.accuracy)))" }
          ?? "not measured",
      ]
      for objective in FrontTable.measured {
        row.append(Figure.value(objective, space.value(objective, of: measures)))
        var ratio = Figure.ratio(space.ratio(objective, of: measures))
        if objective == .latency, let latency = measures.latency {
          ratio += " (\(Figure.ratio(latency.ratioLow))-\(Figure.ratio(latency.ratioHigh)))"
        }
        row.append(ratio)
      }
      row.append(isDense ? "" : Figure.sparsity(record.plan.sparsity))
      row.append(isDense ? "" : ((try? record.plan.identity().short) ?? "-"))
      row.append(record.result?.checkpoint?.short ?? "-")
      return row
    }
    let label =
      "At rung \(rung) (\(report.epochs(rung)) epochs): the trials that keep every constraint and that no other one "
      + "beats in all of \(report.spec.objectives.map { Figure.name($0, in: space) }.joined(separator: ", "))."
    return "<p>\(HTMLText.escaped(label))</p>\n"
      + HTMLText.table(headers, rows: rows, numeric: Set(2..<(headers.count - 3)))
  }

  private var chance: String {
    "<p>\(HTMLText.escaped(ChanceBaseline(report)?.text ?? "No trial has finished."))</p>\n"
  }

  private var scatterPlots: String {
    [Objective.parameters, .latency].compactMap(scatter).joined()
  }

  /// Nil where nothing has the measure.
  private func scatter(_ objective: Objective) -> String? {
    guard let space = report.objectives else { return nil }
    let front = Set((report.front?.records ?? []).map(\.key))
    let name = Figure.name(objective, in: space)
    var plot = Plot(
      title: "Validation accuracy against \(name); the front is filled, the dense network is the ring",
      xLabel: "\(name), ratio to dense", yLabel: "accuracy, %")
    for record in report.history + (report.baseline.map { [$0] } ?? []) {
      guard let measures = record.result?.measures, let ratio = space.ratio(objective, of: measures), ratio.isFinite
      else { continue }
      let isDense = record.key.purpose == .baseline
      let place = isDense ? "dense" : "trial \(record.key.trial), rung \(record.key.rung)"
      plot.marks.append(
        Plot.Mark(
          x: ratio, y: measures.accuracy.share * 100,
          style: isDense ? "dense" : front.contains(record.key) ? "front" : "other",
          title: "\(place): \(Figure.accuracy(measures.accuracy)), \(Figure.ratio(ratio))"))
    }
    return plot.marks.isEmpty ? nil : plot.svg
  }

  private var curvePlot: String {
    guard let space = report.objectives else { return "" }
    let curve = HypervolumeCurve(report.records, space: space)
    let reference = zip(report.spec.objectives, curve.reference)
      .map { "\($0 == .accuracy ? "error" : Figure.name($0, in: space)) \(Figure.plain($1))" }.joined(separator: ", ")
    let note =
      "All finished evaluations count, at every rung. Reference point: \(reference). Final value: "
      + "\(Figure.plain(curve.final))."
    var plot = Plot(title: "Hypervolume over time", xLabel: "seconds", yLabel: "hypervolume")
    plot.includesZero = true
    var value = 0.0
    plot.line = [(0, 0)]
    for point in curve.points {
      plot.line += [(point.seconds, value), (point.seconds, point.value)]
      value = point.value
    }
    plot.line.append((max(report.elapsed, plot.line.last?.x ?? 0), value))
    return "<p>\(HTMLText.escaped(note))</p>\n" + plot.svg
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
