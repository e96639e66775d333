import ArgumentParser
import Foundation
import Reporting
import StudyModel
import StudyStore
import Support

/// How a study stands: whether it runs, why its search ended, and how each run of it began and ended.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show how a study stands and how its runs ended.",
    discussion: "Rows of a damaged study are named; the status is 65 then.")

  @Argument(help: "The study's folder.") var folder: String
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let study = StudyFolder(URL(fileURLWithPath: folder))
    let reader = try StudyReader(study)
    let contents = try reader.contents()
    let isRunning = reader.isRunning
    if json {
      print(try PrettyJSON.text(of: Status(contents, isRunning: isRunning)))
    } else {
      print(text(contents, isRunning: isRunning), terminator: "")
      if let pause = try reader.pause() { print(pause) }
    }
    try StudyReport(study).endIfDamaged(study)
  }

  private func text(_ contents: StudyContents, isRunning: Bool) -> String {
    let snapshot = contents.snapshot
    var text = snapshot.endingWords(isRunning: isRunning) + "\n"
    for status in EvaluationStatus.allCases {
      let count = snapshot.records.count { $0.status == status }
      if count > 0 { text += "\(count) evaluations \(status.rawValue)\n" }
    }
    var table = TextTable([("run", .right), ("began", .right), ("ended", .right), ("how", .left)])
    for run in snapshot.runs {
      let isLast = run.epoch == snapshot.epoch
      let how = run.ending?.rawValue ?? (isLast && isRunning ? "runs" : "killed, or its machine went down")
      table.add([
        "\(run.epoch)", Units.duration(seconds: run.begunAt),
        run.endedAt.map { Units.duration(seconds: $0) } ?? "-",
        run.detail.isEmpty ? how : "\(how): \(run.detail)",
      ])
    }
    return text + table.text
  }

  private struct Status: Encodable {
    struct Run: Encodable {
      let epoch: Int64
      let began: Double
      let ended: Double?
      let ending: String?
      let detail: String
      let searchEnding: SearchEnding?

      enum CodingKeys: String, CodingKey { case epoch, began, ended, ending, detail, searchEnding = "search_ending" }
    }

    struct Damage: Encodable {
      let table: String
      let row: Int64?
      let trial: TrialID?
      let rung: Int?
      let reason: String
    }

    let running: Bool
    let finished: Bool
    let words: String
    let seconds: Double
    let searchEnding: SearchEnding?
    let identity: StudyIdentity?
    let evaluations: [String: Int]
    let runs: [Run]
    let damaged: [Damage]

    enum CodingKeys: String, CodingKey {
      case running, finished, words, seconds, searchEnding = "search_ending", identity, evaluations, runs, damaged
    }

    init(_ contents: StudyContents, isRunning: Bool) {
      let snapshot = contents.snapshot
      running = isRunning
      finished = snapshot.isFinished
      words = snapshot.endingWords(isRunning: isRunning)
      seconds = snapshot.elapsed
      searchEnding = snapshot.searchEnding
      identity = contents.header.parts
      evaluations = Dictionary(grouping: snapshot.records, by: \.status.rawValue).mapValues(\.count)
      runs = snapshot.runs.map {
        Run(
          epoch: $0.epoch, began: $0.begunAt, ended: $0.endedAt, ending: $0.ending?.rawValue, detail: $0.detail,
          searchEnding: $0.searchEnding)
      }
      damaged = contents.damage.map {
        Damage(table: $0.table, row: $0.id, trial: $0.trial, rung: $0.rung, reason: $0.reason)
      }
    }
  }
}
