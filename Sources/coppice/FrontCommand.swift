import ArgumentParser
import Foundation
import Reporting
import StudyStore
import Support

/// The front of a study, also while it runs.
struct FrontCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "front", abstract: "Show a study's Pareto front.",
    discussion: """
      The front holds the networks that no other network beats in all objectives at once, among those that were trained \
      longest and meet the constraints. Damaged rows of a study are named on standard error (in JSON at the end), and the \
      status is 65.

      The table fits the terminal, and 80 columns in files and pipes; what was left out stands below it. Networks are files in \
      the study's folder, under networks. A time is its ratio to the dense network's time, measured in alternating passes, times \
      the dense network's time.

      Example: coppice front night --sort latency --columns trial,accuracy,sealed,latency,network
      """)

  @Argument(help: "The study's folder.") var folder: String
  @Flag(help: "Print JSON instead of a table.") var json = false
  @Flag(
    help: """
      Show every finished evaluation in the order of finishing instead of the front, the sensitivity scan's first, and what was \
      set aside.
      """
  ) var history = false
  @Option(
    help: ArgumentHelp(
      "The columns, in this order, instead of those that fit: all, or some of \(FrontColumn.names).", valueName: "list")
  )
  var columns: String?
  @Option(
    help: ArgumentHelp(
      "The column whose best stands first: the largest accuracy, the smallest of everything else.", valueName: "column")
  )
  var sort: String?
  @Flag(help: "Turn the order round.") var reverse = false
  @Flag(help: "Print CSV: numbers in full, without units.") var csv = false

  func validate() throws {
    if csv, json { throw ValidationError("--csv and --json exclude each other.") }
    if json, columns != nil {
      throw ValidationError("--columns is for tables and --csv; --json prints everything.")
    }
    _ = try chosenColumns
    _ = try order
  }

  private var chosenColumns: [FrontColumn]? {
    get throws {
      do {
        return try columns.map(FrontColumn.list)
      } catch let error as FrontColumn.Unknown {
        throw ValidationError("--columns: '\(error.name)' is no column. Columns: all, or some of \(FrontColumn.names).")
      }
    }
  }

  private var order: FrontColumn? {
    get throws {
      guard let sort else { return nil }
      guard let column = FrontColumn(rawValue: sort), column.sorts else {
        let names = FrontColumn.allCases.filter(\.sorts).map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--sort: rows have no order by '\(sort)'. Choose one of \(names).")
      }
      return column
    }
  }

  func run() throws {
    let study = StudyFolder(URL(fileURLWithPath: folder))
    let report = try StudyReport(study)
    // On standard error, so that the JSON stays JSON.
    if let pause = try StudyReader(study).pause() { StandardError.write(pause + "\n") }
    let rows = FrontRows(report, history ? .history : .front, by: try order, isReversed: reverse)
    if json {
      print(String(decoding: try EvaluationJSON.data(rows), as: UTF8.self), terminator: "")
    } else if csv {
      print(FrontCSV(rows, columns: try chosenColumns).text, terminator: "")
    } else {
      print(FrontTable.text(rows, columns: try chosenColumns, width: Terminal.output.tableColumns))
      if history, let text = FrontTable.setAside(report, folder: folder) { print(text, terminator: "") }
      if let outcome = report.outcome { print(outcome) }
    }
    if let doubt = report.scalingDoubt { StandardError.write("warning: \(doubt)\n") }
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
    let url = try report.write(to: study.reportFile(output), of: study)
    print("Report: \(url.path)")
    try report.endIfDamaged(study)
  }
}
