import Foundation
import Reporting
import StudyModel
import StudyStore
import Support

extension StudyReport {
  /// Everything of a study's folder that reports show; also while its coordinator runs.
  init(_ folder: StudyFolder) throws {
    let reader = try StudyReader(folder)
    let snapshot = try reader.snapshot()
    let spec = try reader.header.spec()
    self.init(
      spec: spec, records: snapshot.records, elapsed: snapshot.elapsed,
      outcome: snapshot.isFinished ? "The search came to its end." : nil,
      reproduction: "coppice search \(spec.study).yaml --workers \(spec.workers)",
      facts: Self.machineFacts(runID: reader.header.runID, identity: reader.header.identity))
  }

  /// Writes the morning report whole and returns where.
  @discardableResult
  func write(to url: URL) throws -> URL {
    try DurableFile.write(Data(MorningReport(self).html.utf8), to: url)
    return url
  }

  private static func machineFacts(runID: UUID, identity: Digest) -> [(name: String, value: String)] {
    var processor: String?
    if let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("model name") })
    {
      processor = line.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
    }
    return [
      ("Coppice", Coppice.configuration.version), ("Study", identity.short), ("Run", runID.uuidString),
      ("Host", ProcessInfo.processInfo.hostName), ("Processor", processor ?? "unknown"),
      ("Processors", "\(ProcessInfo.processInfo.activeProcessorCount)"),
      ("Memory", Units.bytes(Int(ProcessInfo.processInfo.physicalMemory))),
    ]
  }
}
