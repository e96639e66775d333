import Foundation
import StudyModel
import Support

/// Where a study keeps what, below its output folder.
package struct StudyFolder: Hashable, Sendable {
  package let url: URL

  package init(_ url: URL) { self.url = url }

  package var database: URL { url.appendingPathComponent("study.sqlite") }
  /// The full spec, as it can be given to `coppice search` again.
  package var spec: URL { url.appendingPathComponent("spec.yaml") }
  /// A database as it was before its damaged rows were set aside, by number from 1.
  package func damagedDatabase(_ number: Int) -> URL { url.appendingPathComponent("study.damaged-\(number).sqlite") }
  package var lock: URL { url.appendingPathComponent("study.lock") }
  package var artifacts: URL { url.appendingPathComponent("artifacts") }
  /// The front's networks, as ONNX files.
  package var networks: URL { url.appendingPathComponent("networks") }
  /// What pruning each group alone costs, in studies that began before that was an evaluation.
  package var sensitivity: URL { url.appendingPathComponent("sensitivity.json") }
  package var report: URL { url.appendingPathComponent("report.html") }
  package var logs: URL { url.appendingPathComponent("logs") }
  package var coordinatorLog: URL { logs.appendingPathComponent("coordinator.log") }
  package func log(ofWorker number: Int) -> URL { logs.appendingPathComponent("worker-\(number).log") }
  package var spools: URL { url.appendingPathComponent("spool") }
  /// Where a worker keeps results until they are acknowledged.
  package func spool(ofWorker number: Int) -> URL { spools.appendingPathComponent("worker-\(number)") }

  /// Writes the full spec, durably; `coppice search` takes the file as it is.
  package func write(_ spec: StudySpec) throws {
    try checkSpec()
    try OutputFile(self.spec.path).write(Data("\(Self.specMark) Change a copy.\n\(SpecPrinter.yaml(spec))".utf8))
  }

  /// What `spec` begins with, by which we know it again.
  static let specMark = "# The full spec of the study in this folder, kept by Coppice."

  package var holdsDatabase: Bool { FileManager.default.fileExists(atPath: database.path) }
}
