import WireProtocol

/// A result on this worker's disk that no coordinator has acknowledged.
package struct SpooledResult: Hashable, Sendable {
  /// The search that it belongs to: lease numbers of different searches are not comparable.
  package var run: String
  package var report: ResultReport

  package init(run: String, report: ResultReport) {
    self.run = run
    self.report = report
  }
}
