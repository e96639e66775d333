import ArtifactStore
import Foundation
import ModelFormats
import Reporting
import Search
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
      reproduction: FileManager.default.fileExists(atPath: folder.spec.path)
        ? folder.reproducingCommand(forcesInput: Self.overrulesFile(contents.header, in: folder)) : nil,
      facts: Self.machineFacts(runID: contents.header.runID, identity: contents.header.identity),
      engines: contents.engines, networks: Self.networks(of: contents.snapshot.records, in: folder),
      warnings: Self.openings(contents.history),
      damage: contents.damage.map {
        StudyReport.Damage(table: $0.table, row: $0.id, trial: $0.trial, rung: $0.rung, reason: $0.reason)
      })
  }

  /// True when the study feeds its network otherwise than the network's own file says. A file that is gone or damaged says nothing.
  private static func overrulesFile(_ header: StudyHeader, in folder: StudyFolder) -> Bool {
    guard let spec = try? header.spec(), let network = try? header.context().network,
      let metadata = try? ONNXFile.metadata(ArtifactStore.url(of: network, in: folder.artifacts)),
      let stored = try? TrainingMetadata(metadata: metadata, of: spec.network.name).input
    else { return false }
    return !spec.input.isEquivalent(to: stored)
  }

  /// A front that somebody may have seen on the sealed split, and a search that went on afterwards.
  private static func openings(_ history: [HistoryEvent]) -> [String] {
    history.filter { $0.kind == HistoryEvent.reopened }.map {
      "The search had ended and went on with a larger budget at \($0.detail)."
    }
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

  /// Writes the morning report of a study's folder whole and returns where.
  @discardableResult
  func write(to file: OutputFile, of folder: StudyFolder) throws -> URL {
    let url = URL(fileURLWithPath: file.path)
    let networks = Self.path(from: url.deletingLastPathComponent(), to: folder.networks)
    try file.write(Data(MorningReport(self, networkFolder: networks).html.utf8))
    return url
  }

  /// The networks' files that are there, by the evaluations that they are of.
  private static func networks(of records: [EvaluationRecord], in folder: StudyFolder) -> [EvaluationKey: String] {
    let files = Set((try? FileManager.default.contentsOfDirectory(atPath: folder.networks.path)) ?? [])
    let trials = records.map(\.key).filter { $0.purpose == .trial && files.contains(StudyFront.fileName(of: $0)) }
    return Dictionary(trials.map { ($0, StudyFront.fileName(of: $0)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The way from one folder to another, so that links hold when both are moved together.
  private static func path(from start: URL, to end: URL) -> String {
    func parts(_ url: URL) -> [String] { url.resolvingSymlinksInPath().standardizedFileURL.pathComponents }
    let (start, end) = (parts(start), parts(end))
    let shared = zip(start, end).prefix { $0 == $1 }.count
    return (Array(repeating: "..", count: start.count - shared) + end.dropFirst(shared)).joined(separator: "/")
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
