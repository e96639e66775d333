import Search
import StudyModel

/// The evaluations that a table, CSV or JSON shows, in the order in which it does.
package struct FrontRows {
  package enum Choice: Sendable {
    /// The Pareto front, best accuracy first.
    case front
    /// The groups of the sensitivity scan where there was one, then every finished evaluation of a trial in order of time.
    case history
  }

  package let report: StudyReport
  package let choice: Choice
  package let records: [EvaluationRecord]

  /// `order` puts the best first (the largest accuracy, the smallest of everything else), and what lacks that figure last.
  package init(_ report: StudyReport, _ choice: Choice, by order: FrontColumn? = nil, isReversed: Bool = false) {
    self.report = report
    self.choice = choice
    let found =
      switch choice {
      case .front: report.front?.records ?? []
      case .history: report.scans + report.history
      }
    guard let order else {
      records = isReversed ? found.reversed() : found
      return
    }
    let keys = found.map { Self.sortKey($0, order, report) }
    let ordered = found.indices.sorted { left, right in
      switch (keys[left], keys[right]) {
      case (nil, nil): left < right
      case (nil, _): false
      case (_, nil): true
      case (let a?, let b?): a == b ? left < right : isReversed ? a > b : a < b
      }
    }
    records = ordered.map { found[$0] }
  }

  private static func sortKey(_ record: EvaluationRecord, _ column: FrontColumn, _ report: StudyReport) -> Double? {
    guard let measures = record.result?.measures, let space = report.objectives else { return nil }
    let isScan = record.key.purpose == .scan
    switch column {
    case .trial: return Double(record.key.trial.value)
    case .rung: return isScan ? nil : Double(record.key.rung)
    case .criterion: return Criterion.allCases.firstIndex(of: record.plan.criterion).map(Double.init)
    case .accuracy: return -measures.accuracy.share
    case .sealed: return isScan ? nil : report.sealed[record.key.trial].map { -$0.accuracy.share }
    case .loss: return measures.loss
    case .parameters: return space.value(.parameters, of: measures)
    case .macs: return space.value(.macs, of: measures)
    case .size: return space.value(.size, of: measures)
    case .latency: return space.value(.latency, of: measures)
    case .interval, .sparsity, .plan, .network: return nil
    }
  }
}
