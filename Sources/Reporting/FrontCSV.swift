import Foundation
import StudyModel

/// Rows for spreadsheets and scripts: RFC 4180 with a line of names, numbers in full and without units.
///
/// Accuracies are shares, latencies seconds (the ratio times the dense network's), sizes bytes. The dense network's row stands first
/// in a front. What is not known is empty.
package struct FrontCSV {
  private let rows: FrontRows
  private let columns: [FrontColumn]

  package init(_ rows: FrontRows, columns: [FrontColumn]? = nil) {
    self.rows = rows
    self.columns = columns ?? FrontColumn.allCases
  }

  package var text: String {
    let names = columns.flatMap(Self.names)
    guard let baseline = rows.report.baseline else { return Self.line(names) }
    let records = (rows.choice == .front ? [baseline] : []) + rows.records
    return Self.line(names) + records.map { record in Self.line(columns.flatMap { cells($0, record) }) }.joined()
  }

  private static func names(_ column: FrontColumn) -> [String] {
    switch column {
    case .accuracy: ["accuracy"]
    case .interval: ["accuracy_low", "accuracy_high"]
    case .sealed: ["sealed_accuracy"]
    case .parameters, .macs: [column.rawValue, "\(column.rawValue)_ratio"]
    case .size: ["size_bytes", "size_ratio"]
    case .latency: ["latency_seconds", "latency_ratio", "latency_ratio_low", "latency_ratio_high"]
    case .trial, .rung, .criterion, .loss, .sparsity, .plan, .network: [column.rawValue]
    }
  }

  private func cells(_ column: FrontColumn, _ record: EvaluationRecord) -> [String] {
    let report = rows.report
    let isTrial = record.key.purpose == .trial
    guard let measures = record.result?.measures, let space = report.objectives else {
      return Self.names(column).map { _ in "" }
    }
    switch column {
    case .trial: return [Figure.subject(record.key)]
    case .rung: return [isTrial ? "\(record.key.rung)" : ""]
    case .criterion: return [isTrial ? Figure.recipe(record.plan) : ""]
    case .accuracy: return [number(measures.accuracy.share)]
    case .interval:
      return [number(measures.accuracy.interval.lowerBound), number(measures.accuracy.interval.upperBound)]
    case .sealed:
      let sealed = record.key.purpose == .scan ? nil : report.sealed[record.key.trial]
      return [number(sealed?.accuracy.share)]
    case .loss: return [number(measures.loss)]
    case .parameters, .macs, .size, .latency:
      guard let objective = column.objective else { return [] }
      let (value, ratio) = (space.value(objective, of: measures), space.ratio(objective, of: measures))
      let pair = [objective == .latency ? number(value) : value.map { "\(Int($0))" } ?? "", number(ratio)]
      return objective == .latency
        ? pair + [number(measures.latency?.ratioLow), number(measures.latency?.ratioHigh)] : pair
    case .sparsity:
      let scanned = record.result?.scan.map { "\($0.group) \(Figure.plain($0.ratio))" }
      return [isTrial ? Figure.sparsity(record.plan.sparsity) : scanned ?? ""]
    case .plan: return [isTrial ? (try? record.plan.identity().hex) ?? "" : ""]
    case .network: return [report.networks[record.key] ?? ""]
    }
  }

  private func number(_ value: Double?) -> String { value.flatMap { $0.isFinite ? "\($0)" : nil } ?? "" }

  private static func line(_ cells: [String]) -> String {
    cells.map { cell in
      cell.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        ? "\"\(cell.replacingOccurrences(of: "\"", with: "\"\""))\"" : cell
    }.joined(separator: ",") + "\n"
  }
}
