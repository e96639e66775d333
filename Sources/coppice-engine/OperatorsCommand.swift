import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import StudyModel
import Support

struct OperatorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "Lists the ONNX operators that are read, and how many test cases of each pass.",
    discussion: """
      With --cases every folder in DIR that holds a model.onnx and test_data_set_N/input_M.pb, output_M.pb is run and compared, \
      which is the layout of the ONNX project's own tests (scripts/benchmarks/node-tests makes them).

      Example: coppice operators --cases node-tests --failures
      """)

  @Option(help: ArgumentHelp("A folder of test cases.", valueName: "dir"))
  var cases: String?

  @Option(help: ArgumentHelp("Only cases of this name; * and ? stand for any text.", valueName: "glob"))
  var only: String?

  @Flag(help: "List the cases that were read but did not pass, with the reason.")
  var failures = false

  @Flag(help: "List the cases that were not read, with the reason.")
  var refusals = false

  @Flag(help: "Print the table as Markdown.")
  var markdown = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let conformance = try cases.map { try Self.conformance(in: $0, only: only) } ?? OperatorConformance()
    if json {
      print(try PrettyJSON.text(of: Report(conformance)))
      return
    }
    print(markdown ? Self.markdown(conformance) : Self.table(conformance), terminator: "")
    if failures { for failure in conformance.failures { print("\(failure.name): \(failure.reason)") } }
    if refusals { for refusal in conformance.refusals { print("\(refusal.name): not read: \(refusal.reason)") } }
  }

  private static func conformance(in folder: String, only: String?) throws -> OperatorConformance {
    let all = try ConformanceCase.all(in: URL(fileURLWithPath: folder))
    let chosen = all.filter { test in only.map { Glob.matches(test.name, pattern: $0) } ?? true }
    let meter = ProgressMeter("cases")
    var outcomes: [(name: String, op: String, outcome: ConformanceCase.Outcome)] = []
    for (position, test) in chosen.enumerated() {
      outcomes.append((test.name, test.subject(among: all), test.run()))
      meter.update(Double(position + 1) / Double(chosen.count))
    }
    meter.finish()
    return OperatorConformance(outcomes)
  }

  private static func table(_ conformance: OperatorConformance) -> String {
    var table = TextTable(figures: ["operator", "passed", "failed", "not read"])
    for row in conformance.rows {
      table.add([row.isSupported ? row.name : "\(row.name) (not supported)"] + figures(row))
    }
    let summary =
      conformance.total > 0 ? "\(conformance.passed) of \(conformance.total) cases pass\n" : ""
    return table.text + summary
  }

  private static func markdown(_ conformance: OperatorConformance) -> String {
    var text = "| operator | supported | passed | failed | not read |\n|---|---|---|---|---|\n"
    for row in conformance.rows {
      text += "| \(row.name) | \(row.isSupported ? "yes" : "no") | \(figures(row).joined(separator: " | ")) |\n"
    }
    return text
  }

  private static func figures(_ row: OperatorConformance.Row) -> [String] {
    [row.passed, row.failed, row.refused].map { $0 == 0 ? "" : "\($0)" }
  }
}

private struct Report: Encodable {
  struct Case: Encodable {
    var name: String
    var reason: String
  }

  var operators: [OperatorConformance.Row]
  var passed: Int
  var total: Int
  var failures: [Case]
  var refusals: [Case]

  init(_ conformance: OperatorConformance) {
    operators = conformance.rows
    passed = conformance.passed
    total = conformance.total
    failures = conformance.failures.map { Case(name: $0.name, reason: $0.reason) }
    refusals = conformance.refusals.map { Case(name: $0.name, reason: $0.reason) }
  }
}
