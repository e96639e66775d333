import Foundation
import Reporting
import StudyModel
import StudyStore
import Support

extension StudyReport {
  /// Everything of a study's folder that reports show; also while its coordinator runs. Rows that are damaged are left out and
  /// named in `damage`.
  init(_ folder: StudyFolder) throws {
    let reader = try StudyReader(folder)
    let contents = try reader.contents()
    let isRunning = reader.isRunning
    self.init(
      spec: try contents.header.spec(), records: contents.snapshot.records, elapsed: contents.snapshot.elapsed,
      outcome: contents.snapshot.endingWords(isRunning: isRunning),
      reproduction: FileManager.default.fileExists(atPath: folder.spec.path) ? folder.reproducingCommand : nil,
      facts: Self.machineFacts(runID: contents.header.runID, identity: contents.header.identity),
      engines: contents.engines,
      damage: contents.damage.map {
        StudyReport.Damage(table: $0.table, row: $0.id, trial: $0.trial, rung: $0.rung, reason: $0.reason)
      })
  }

  /// Names each row that could not be used on standard error, and ends the command with the status of damage; nothing where
  /// all is whole.
  func endIfDamaged(_ folder: StudyFolder) throws {
    guard !damage.isEmpty else { return }
    let lines = damage.prefix(20).map { "  \($0)\n" } + (damage.count > 20 ? ["  and \(damage.count - 20) more\n"] : [])
    throw CommandError(
      .damagedStudy,
      "The study in '\(folder.url.path)' is damaged; what is shown is the rest of it. These rows are left out:\n"
        + lines.joined(),
      remedy: "Restore the folder from a copy, or go on without them: \(folder.resumingCommand) --set-aside-damaged")
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
