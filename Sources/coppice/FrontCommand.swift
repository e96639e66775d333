import ArgumentParser
import Foundation
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
    if history {
      print(json ? try report.historyJSON() : try report.historyText())
    } else {
      print(json ? try report.frontJSON() : try report.frontText())
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
    let report = try StudyReport(StudyFolder(URL(fileURLWithPath: folder)))
    let url = try report.write(to: output.map { URL(fileURLWithPath: $0) })
    print("Report: \(url.path)")
  }
}
