import Foundation
import Search
import StudyModel

/// Which networks there are, which of them to take, and what was left of them.
extension MorningReport {
  var recommendations: String {
    let found = Recommendation.all(report)
    guard let space = report.objectives, !found.isEmpty else { return "<p>No trial is on the front.</p>\n" }
    let sealed = report.sealed
    let items = found.map { recommendation -> String in
      let question = "<dt>\(HTMLText.escaped(recommendation.question.text))</dt>\n"
      guard let record = recommendation.record, let measures = record.result?.measures else {
        return question + "<dd>\(HTMLText.escaped(recommendation.reason ?? "-"))</dd>\n"
      }
      var facts = ["\(Figure.accuracy(measures.accuracy)) accuracy"]
      if let accuracy = sealed[record.key.trial]?.accuracy {
        facts.append("\(Figure.accuracy(accuracy)) on the sealed test")
      }
      for objective in Self.measured where space.objectives.contains(objective) {
        guard let value = space.value(objective, of: measures) else { continue }
        facts.append(
          "\(Figure.value(objective, value)) \(Figure.name(objective, in: space)) "
            + "(\(Figure.ratio(space.ratio(objective, of: measures))))")
      }
      return question
        + "<dd><strong>Trial \(record.key.trial)</strong>, \(marks.swatch(record.plan.criterion)) "
        + "\(HTMLText.escaped(report.recipe(record))): \(HTMLText.escaped(facts.joined(separator: ", "))). "
        + "\(link(record) ?? "")</dd>\n"
    }
    let note =
      "Chosen by accuracy on the validation split, so the sealed test can still judge the choice. A point is one percent of the "
      + "samples."
    return "<dl class=\"answers\">\n\(items.joined())</dl>\n<p class=\"note\">\(HTMLText.escaped(note))</p>\n"
  }

  static let measured: [Objective] = [.parameters, .macs, .size, .latency]

  var frontTable: String {
    guard let front = report.front, let space = report.objectives, let baseline = report.baseline,
      let rung = front.rung, !front.records.isEmpty
    else { return "<p>No trial is on the front.</p>\n" }
    let headers =
      ["trial", "criterion", "accuracy", "sealed test"] + Self.measured.map { Figure.name($0, in: space) }
      + ["network", "plan"]
    let rows = ([baseline] + front.records).compactMap { record in
      (record.result?.measures).map { row(record, $0, space) }
    }
    let label =
      "The trials that keep every constraint and that no other one beats in all of "
      + "\(report.spec.objectives.map { Figure.name($0, in: space) }.joined(separator: ", ")), \(report.training(rung)). "
      + "Below each accuracy stands its 95% interval, below each figure its ratio to the dense network."
    let times = space.baseline.latency.map {
      " A time is its ratio, measured in passes that alternate with the dense network's, times \(Figure.latency($0.seconds)), "
        + "the dense network's time."
    }
    return "<p>\(HTMLText.escaped(label + (times ?? "")))</p>\n"
      + HTMLText.table(headers, cells: rows, numeric: Set(2..<(headers.count - 2)))
  }

  private func row(_ record: EvaluationRecord, _ measures: Measures, _ space: ObjectiveSpace) -> [String] {
    let isDense = record.key.purpose == .baseline
    func accuracy(_ accuracy: Proportion) -> String {
      stacked(Figure.accuracy(accuracy), Figure.interval(accuracy))
    }
    let figures = Self.measured.map { objective -> String in
      var ratio = Figure.ratio(space.ratio(objective, of: measures))
      if objective == .latency, !isDense, let latency = measures.latency {
        ratio += " (\(Figure.ratio(latency.ratioLow))-\(Figure.ratio(latency.ratioHigh)))"
      }
      return stacked(Figure.value(objective, space.value(objective, of: measures)), ratio)
    }
    let recipe = isDense ? "" : "\(marks.swatch(record.plan.criterion)) \(HTMLText.escaped(report.recipe(record)))"
    // Shares of many groups are told by the bars.
    let share: String? =
      switch record.plan.sparsity {
      case .perGroup: nil
      case .uniform, .threshold: "sparsity \(Figure.sparsity(record.plan.sparsity))"
      }
    return [
      isDense ? "dense" : "\(record.key.trial)",
      recipe + (isDense ? "" : share.map { "<small>\(HTMLText.escaped($0))</small>" } ?? ""),
      accuracy(measures.accuracy), report.sealed[record.key.trial].map { accuracy($0.accuracy) } ?? "not measured",
    ] + figures + [
      isDense ? "" : link(record) ?? "not written",
      isDense ? "" : "<code>\((try? record.plan.identity().short) ?? "-")</code>",
    ]
  }

  private func stacked(_ first: String, _ second: String) -> String {
    "\(HTMLText.escaped(first))<small>\(HTMLText.escaped(second))</small>"
  }

  /// A link to the network's file; nil where none was written.
  private func link(_ record: EvaluationRecord) -> String? {
    guard let name = report.networks[record.key] else { return nil }
    let path = "\(networkFolder)/\(name)"
    let address = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? name
    return "<a href=\"\(HTMLText.escaped(address))\">\(HTMLText.escaped(name))</a>"
  }

  // MARK: - What was kept

  /// Bars of each network of the front; those of the recommended ones are open.
  var keptChannels: String {
    let recommended = Set(Recommendation.all(report).compactMap { $0.record?.key })
    let blocks = (report.front?.records ?? []).compactMap { record -> String? in
      guard let kept = record.result?.keptUnits, !kept.isEmpty else { return nil }
      return bars(record, kept, isOpen: recommended.contains(record.key))
    }
    guard !blocks.isEmpty else {
      return
        "<p>No network of the front has fewer channels: nothing was cut, or zeros were set among the weights.</p>\n"
    }
    let words =
      "A bar for each group of layers that are cut together: the filled part stays. Networks that are recommended above are "
      + "open."
    return "<p>\(HTMLText.escaped(words))</p>\n<div class=\"kept\">\n\(blocks.joined())</div>\n"
  }

  private func bars(_ record: EvaluationRecord, _ kept: [String: [Int]], isOpen: Bool) -> String {
    // "conv2" comes before "conv10".
    let groups = kept.filter { $0.value.count == 2 && $0.value[1] > 0 }
      .sorted { $0.key.compare($1.key, options: [.numeric]) == .orderedAscending }
    let (stays, all) = groups.reduce((0, 0)) { ($0.0 + $1.value[0], $0.1 + $1.value[1]) }
    let rows = groups.map { name, counts -> String in
      let share = min(1, Double(counts[0]) / Double(counts[1]))
      return "<div class=\"row\"><span class=\"name\">\(HTMLText.escaped(name))</span>"
        + "<span class=\"bar\"><span class=\"\(marks.style(record.plan.criterion))\" "
        + "style=\"width:\(String(format: "%.1f", share * 100))%\"></span></span>"
        + "<span class=\"count\">\(counts[0]) of \(counts[1])</span></div>\n"
    }
    return "<details\(isOpen ? " open=\"open\"" : "")><summary>Trial \(record.key.trial), "
      + "\(HTMLText.escaped(report.recipe(record))): kept \(stays) of \(all)</summary>\n\(rows.joined())</details>\n"
  }
}
