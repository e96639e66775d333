import ArgumentParser
import Foundation
import Reporting
import StudyStore

/// The front of a study, also while it runs.
struct FrontCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "front", abstract: "Show a study's Pareto front.",
    discussion: """
      The front holds the non-dominated feasible trials at the highest rung that any trial has finished. Rows of a damaged \
      study are named on standard error, and in JSON behind the rest; the status is 65 then.
      """)

  @Argument(help: "The study's folder.") var folder: String
  @Flag(help: "Print JSON instead of a table.") var json = false
  @Flag(
    help: """
      Show every finished evaluation in the order of finishing instead of the front, the sensitivity scan's first, and what was \
      set aside.
      """
  ) var history = false

  func run() throws {
    let study = StudyFolder(URL(fileURLWithPath: folder))
    let report = try StudyReport(study)
    // On standard error, so that the JSON stays JSON.
    if let pause = try StudyReader(study).pause() { FileHandle.standardError.write(Data((pause + "\n").utf8)) }
    switch (history, json) {
    case (false, false): print(FrontTable.front(report))
    case (false, true): print(String(decoding: try EvaluationJSON.front(report), as: UTF8.self), terminator: "")
    case (true, false):
      print(FrontTable.history(report))
      if let text = FrontTable.setAside(report, folder: folder) { print(text, terminator: "") }
    case (true, true): print(String(decoding: try EvaluationJSON.history(report), as: UTF8.self), terminator: "")
    }
    if !json, let outcome = report.outcome { print(outcome) }
    try report.endIfDamaged(study)
  }
}

/// Writes the report of a study anew.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write a study's report as one HTML file.")

  @Argument(help: "The study's folder.") var folder: String
  @Option(name: .shortAndLong, help: "The file; report.html in the study's folder when left out.") var output: String?

  func run() throws {
    let study = StudyFolder(URL(fileURLWithPath: folder))
    if !FileManager.default.fileExists(atPath: study.spec.path) {
      // A study of an earlier Coppice; where its folder cannot be written the report goes without the command.
      try? study.write(try StudyReader(study).header.spec())
    }
    let report = try StudyReport(study)
    let url = try report.write(to: output.map { URL(fileURLWithPath: $0) } ?? study.report)
    print("Report: \(url.path)")
    try report.endIfDamaged(study)
  }
}
