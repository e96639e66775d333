import ArgumentParser
import Foundation
import Reporting
import StudyStore

/// The front of a study, also while it runs.
struct FrontCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "front", abstract: "Show a study's Pareto front.",
    discussion: "The front holds the non-dominated feasible trials at the highest rung that any trial has finished.")

  @Argument(help: "The study's folder.") var folder: String
  @Flag(help: "Print JSON instead of a table.") var json = false
  @Flag(help: "Show every finished evaluation in the order of finishing instead of the front.") var history = false

  func run() throws {
    let report = try StudyReport(StudyFolder(URL(fileURLWithPath: folder)))
    switch (history, json) {
    case (false, false): print(FrontTable.front(report))
    case (false, true): print(String(decoding: try EvaluationJSON.front(report), as: UTF8.self), terminator: "")
    case (true, false): print(FrontTable.history(report))
    case (true, true): print(String(decoding: try EvaluationJSON.history(report), as: UTF8.self), terminator: "")
    }
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
    let url = try StudyReport(study).write(to: output.map { URL(fileURLWithPath: $0) } ?? study.report)
    print("Report: \(url.path)")
  }
}
