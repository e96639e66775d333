import Search
import StudyModel
import Support

/// The Pareto front, or the whole history, as a table that fits a terminal.
package struct FrontTable {
  private let rows: FrontRows
  private let report: StudyReport
  private let space: ObjectiveSpace
  private let baseline: EvaluationRecord
  /// Those that the user asked for; nil leaves the choice to the width.
  private let columns: [FrontColumn]?

  /// Nil before the dense network is measured, for then there is nothing to compare with.
  package init?(_ rows: FrontRows, columns: [FrontColumn]? = nil) {
    guard let space = rows.report.objectives, let baseline = rows.report.baseline else { return nil }
    (self.rows, report, self.space, self.baseline, self.columns) = (rows, rows.report, space, baseline, columns)
  }

  /// The front in its usual order; accuracy is the validation split's unless a sealed column stands beside it.
  package static func front(_ report: StudyReport, width: Int = .max) -> String {
    text(FrontRows(report, .front), width: width)
  }

  package static func history(_ report: StudyReport, width: Int = .max) -> String {
    text(FrontRows(report, .history), width: width)
  }

  /// A line or two, the table, and what was left out to fit `width` columns; columns that were asked for are all shown.
  package static func text(_ rows: FrontRows, columns: [FrontColumn]? = nil, width: Int = .max) -> String {
    guard let table = FrontTable(rows, columns: columns) else {
      return "The dense network has not been measured yet.\n"
    }
    let report = rows.report
    guard rows.choice == .front else { return table.text(width: width) }
    if let empty = EmptyFront(report) {
      return empty.lines.map { TerminalText.wrapped(TerminalText.plain($0), to: width) + "\n" }.joined()
    }
    let rung = report.front?.rung ?? 0
    let trials = Set(report.records.filter { $0.key.purpose == .trial }.map(\.key.trial)).count
    let title =
      "Pareto front of '\(report.spec.study)': \(rows.records.count) of \(trials) trials, \(report.training(rung))"
      + (report.twins.count > 0 ? "; \(report.twins.count) had another's network" : "")
    return TerminalText.wrapped(TerminalText.plain(title), to: width) + "\n" + table.text(width: width)
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

  // MARK: - What fits

  /// How much of a table is shown.
  private struct Layout {
    var columns: [FrontColumn]
    var figures = Figures.apart
    /// Columns that a recipe may take.
    var recipe = Int.max

    enum Figures {
      /// Value and ratio in cells of their own.
      case apart
      /// "41.20k 0.730x", with so many digits of the value.
      case joined(digits: Int)
      /// The dense network's value, and the ratios of all others.
      case ratios
    }
  }

  private func text(width: Int) -> String {
    if let columns { return drawn(Layout(columns: columns)) }
    let all = available
    for layout in layouts(all) {
      let text = drawn(layout)
      guard text.split(separator: "\n").allSatisfy({ TerminalText.width($0) <= width }) else { continue }
      let missing = all.filter { !layout.columns.contains($0) }
      return text + (missing.isEmpty ? "" : leftOut(missing, width: width))
    }
    // Narrower than any table: what is at the right goes.
    let last = drawn(layouts(all).last ?? Layout(columns: all))
    return last.split(separator: "\n").map { TerminalText.cut(String($0), to: width) + "\n" }.joined()
  }

  /// What there is to show, in the order in which it stands.
  private var available: [FrontColumn] {
    FrontColumn.allCases.filter { column in
      switch column {
      case .rung: rows.choice == .history
      case .sealed: rows.records.contains { sealed($0) != nil }
      case .network: rows.records.contains { report.networks[$0.key] != nil }
      case .loss, .plan: false
      default: true
      }
    }
  }

  /// From the widest to the narrowest. What a user decides by stays longest: the accuracies, the study's objectives and the file.
  private func layouts(_ all: [FrontColumn]) -> [Layout] {
    var layout = Layout(columns: all)
    var found = [layout]
    func narrow(_ change: (inout Layout) -> Void) {
      change(&layout)
      found.append(layout)
    }
    func leave(_ column: FrontColumn) {
      if layout.columns.contains(column) { narrow { $0.columns.removeAll { $0 == column } } }
    }
    leave(.sparsity)
    leave(.interval)
    // Few evaluations of a history have a file, and each needs its number.
    if rows.choice == .history { leave(.network) }
    for column in [FrontColumn.macs, .size, .latency, .parameters] where !isObjective(column) { leave(column) }
    narrow { $0.recipe = 24 }
    narrow { $0.figures = .joined(digits: 4) }
    narrow { $0.recipe = 12 }
    // The file's name says the trial as well.
    if layout.columns.contains(.network) { leave(.trial) }
    narrow { $0.recipe = 9 }
    narrow { $0.figures = .joined(digits: 3) }
    narrow { $0.figures = .ratios }
    leave(.criterion)
    leave(.sealed)
    for column in [FrontColumn.macs, .size, .latency, .parameters] { leave(column) }
    return found
  }

  private func isObjective(_ column: FrontColumn) -> Bool {
    report.spec.objectives.contains { $0.rawValue == column.rawValue }
  }

  private func leftOut(_ columns: [FrontColumn], width: Int) -> String {
    let names = columns.map(\.rawValue).joined(separator: ", ")
    return TerminalText.wrapped(
      "Left out to fit \(width) columns: \(names). See --columns, --csv and --json.", to: width) + "\n"
  }

  // MARK: - Cells

  private func drawn(_ layout: Layout) -> String {
    var table = TextTable(layout.columns.flatMap { headers($0, layout) })
    for record in (rows.choice == .front ? [baseline] : []) + rows.records {
      guard let measures = record.result?.measures else { continue }
      table.add(layout.columns.flatMap { cells($0, record, measures, layout) })
    }
    return table.text
  }

  private func headers(_ column: FrontColumn, _ layout: Layout) -> [(title: String, alignment: TextTable.Alignment)] {
    switch column {
    case .criterion, .sparsity, .plan, .network: [(column.rawValue, .left)]
    case .interval: [("95% interval", .right)]
    case .parameters, .macs, .size, .latency:
      switch layout.figures {
      case .apart: [(Figure.name(column.objective ?? .latency, in: space), .right), ("", .right)]
      // The long name of what sparse studies count would take the room of a column.
      case .joined, .ratios:
        [
          (
            space.countsNonzero && column == .parameters ? "non-zero" : column == .macs ? "MACs" : column.rawValue,
            .right
          )
        ]
      }
    case .trial, .rung, .accuracy, .sealed, .loss: [(column.rawValue, .right)]
    }
  }

  private func cells(
    _ column: FrontColumn, _ record: EvaluationRecord, _ measures: Measures, _ layout: Layout
  ) -> [String] {
    let (isTrial, isDense) = (record.key.purpose == .trial, record.key.purpose == .baseline)
    switch column {
    case .trial: return [Figure.subject(record.key)]
    case .rung: return [isTrial ? "\(record.key.rung)" : ""]
    case .criterion:
      if isDense { return [layout.columns.contains(.trial) ? "" : "dense"] }
      // What a scan cut stands there where there is no room for a column of shares.
      let cut = layout.columns.contains(.sparsity) ? nil : scanned(record)
      return [TerminalText.cut(isTrial ? report.recipe(record) : cut ?? "", to: layout.recipe)]
    case .accuracy: return [Figure.accuracy(measures.accuracy)]
    case .interval: return [Figure.interval(measures.accuracy)]
    case .sealed: return [sealed(record).map { Figure.accuracy($0) } ?? "-"]
    case .loss: return [Figure.plain(measures.loss)]
    case .parameters, .macs, .size, .latency:
      return column.objective.map { figures($0, record, measures, layout.figures) } ?? []
    case .sparsity:
      return [isTrial ? Figure.sparsity(record.plan.sparsity) : scanned(record) ?? ""]
    case .plan: return [isTrial ? (try? record.plan.identity().short) ?? "-" : ""]
    case .network:
      let isNamed = layout.columns.contains(.trial) || layout.columns.contains(.criterion)
      return [report.networks[record.key] ?? (isDense ? isNamed ? "" : "dense" : "-")]
    }
  }

  private func figures(
    _ objective: Objective, _ record: EvaluationRecord, _ measures: Measures, _ style: Layout.Figures
  ) -> [String] {
    let (value, ratio) = (space.value(objective, of: measures), Figure.ratio(space.ratio(objective, of: measures)))
    let isDense = record.key.purpose == .baseline
    switch style {
    case .apart: return [Figure.value(objective, value), ratio]
    case .joined(let digits):
      let short = Figure.short(objective, value, digits: digits)
      return [value == nil ? "-" : short + " " + (isDense ? String(repeating: " ", count: 6) : ratio)]
    case .ratios: return [isDense ? Figure.short(objective, value, digits: 3) : ratio]
    }
  }

  private func scanned(_ record: EvaluationRecord) -> String? {
    record.result?.scan.map { "\($0.group) \(Figure.plain($0.ratio))" }
  }

  private func sealed(_ record: EvaluationRecord) -> Proportion? {
    record.key.purpose == .scan ? nil : report.sealed[record.key.trial]?.accuracy
  }
}

extension FrontColumn {
  /// The objective of a column of figures.
  var objective: Objective? { Self.measured.contains(self) ? Objective(rawValue: rawValue) : nil }
}
