import Foundation

/// Where a study keeps what, below its output folder.
package struct StudyFolder: Hashable, Sendable {
  package let url: URL

  package init(_ url: URL) { self.url = url }

  package var database: URL { url.appendingPathComponent("study.sqlite") }
  package var lock: URL { url.appendingPathComponent("study.lock") }
  package var artifacts: URL { url.appendingPathComponent("artifacts") }
  /// The front's networks, as ONNX files.
  package var networks: URL { url.appendingPathComponent("networks") }
  /// What pruning each group alone costs, where the spec asks for that.
  package var sensitivity: URL { url.appendingPathComponent("sensitivity.json") }
  package var report: URL { url.appendingPathComponent("report.html") }
  package var logs: URL { url.appendingPathComponent("logs") }
  package func log(ofWorker number: Int) -> URL { logs.appendingPathComponent("worker-\(number).log") }
  /// Where a worker keeps results until they are acknowledged.
  package func spool(ofWorker number: Int) -> URL { url.appendingPathComponent("spool/worker-\(number)") }

  package var holdsDatabase: Bool { FileManager.default.fileExists(atPath: database.path) }
}
