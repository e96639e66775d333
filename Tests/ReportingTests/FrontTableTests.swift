import Foundation
import Reporting
import Search
import StudyModel
import Support
import Testing

/// Tables that fit their terminal, and what of them can be chosen.
@Suite struct FrontTableTests {
  /// A front whose names and figures are as long as they get.
  private static var long: StudyReport {
    var records = ReportFixture.records
    for index in records.indices where records[index].key.trial == TrialID(1) {
      records[index].plan.criterion = .hessianTrace
      records[index].plan.ranking = Ranking(removal: .high, aggregation: .max, transform: .none)
      records[index].plan.schedule = Schedule(.agp, steps: 4, rewind: 0.5)
    }
    return ReportFixture.report(
      records: records, sealed: true, networks: true,
      study: "a-study-with-a-name-that-alone-is-longer-than-a-line-of-a-terminal-of-eighty-columns-is")
  }

  @Test(arguments: [20, 40, 60, 80, 100, 120, 200])
  func fitsTheTerminal(width: Int) {
    for report in [Self.long, ReportFixture.report(), ReportFixture.report(sealed: true, networks: true)] {
      for text in [FrontTable.front(report, width: width), FrontTable.history(report, width: width)] {
        for line in text.split(separator: "\n") { #expect(TerminalText.width(line) <= width, "\(line)") }
      }
    }
  }

  @Test func eightyColumnsKeepWhatOneDecidesBy() {
    let text = FrontTable.front(Self.long, width: 80)
    for part in [
      "accuracy", "sealed", "parameters", "latency", "trial-0001-rung-1.onnx", "trial-0002-rung-1.onnx", "88.50%",
    ] {
      #expect(text.contains(part), "\(part) is not in\n\(text)")
    }
    #expect(text.contains("0.600x") && text.contains("0.750x") && text.contains("hessian") && text.contains("taylor"))
    let note = text.split(separator: "\n").drop { !$0.hasPrefix("Left out to fit 80 columns: ") }.joined(separator: " ")
    #expect(note.contains("interval") && note.contains("sparsity") && note.contains("--columns"))
    #expect(!FrontTable.front(Self.long, width: 300).contains("Left out"))
  }

  /// The rows of a history are told apart at every width by their numbers, those of a scan by what was cut.
  @Test func narrowHistoriesKeepTheirNumbers() {
    let report = ReportFixture.report(
      records: ReportFixture.records + ReportFixture.scans, sealed: true, networks: true)
    let lines = FrontTable.history(report, width: 80).split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines[0].first == "trial" && lines[1...7].map { $0[0] } == ["scan", "scan", "1", "3", "2", "1", "2"])
    #expect(lines[1][1...2] == ["conv1", "0.5"] && lines[2][1...2] == ["conv2", "0.5"])
  }

  @Test func columnsThatWereAskedForAreShown() throws {
    let rows = FrontRows(Self.long, .front)
    let columns = try FrontColumn.list("network, trial,latency")
    let lines = FrontTable.text(rows, columns: columns, width: 20).split(separator: "\n").map(String.init)
    let table = lines.drop { !$0.hasPrefix("network") }.map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      Array(table) == [
        "network trial latency", "dense 2.000 ms 1.000x", "trial-0001-rung-1.onnx 1 1.500 ms 0.750x",
        "trial-0002-rung-1.onnx 2 1.000 ms 0.500x",
      ])
    #expect(throws: FrontColumn.Unknown.self) { try FrontColumn.list("trial,lattency") }
    #expect(throws: FrontColumn.Unknown.self) { try FrontColumn.list("") }
    #expect(try FrontColumn.list("all") == FrontColumn.allCases && FrontColumn.list("trial,trial") == [.trial])
  }

  @Test func rowsAreSortedWithTheBestFirst() {
    func trials(_ column: FrontColumn, reversed: Bool = false) -> [Int64] {
      let report = ReportFixture.report(sealed: true)
      return FrontRows(report, .history, by: column, isReversed: reversed).records.map(\.key.trial.value)
    }
    #expect(trials(.accuracy) == [1, 2, 1, 2, 3])
    #expect(trials(.latency) == [3, 2, 2, 1, 1] && trials(.parameters, reversed: true) == [1, 1, 2, 2, 3])
    #expect(trials(.trial) == [1, 1, 2, 2, 3])
    // Trial 3 was never tested on the sealed split: it stands last either way.
    #expect(trials(.sealed).last == 3 && trials(.sealed, reversed: true).last == 3)
    #expect(FrontRows(ReportFixture.report(), .front).records.map(\.key.trial.value) == [1, 2])
    #expect(FrontRows(ReportFixture.report(), .front, by: .latency).records.map(\.key.trial.value) == [2, 1])
  }

  @Test func csvIsReadableByMachines() throws {
    let report = ReportFixture.report(sealed: true, networks: true)
    let lines = FrontCSV(FrontRows(report, .front)).text.split(separator: "\n").map(String.init)
    #expect(lines.count == 4 && lines[0].hasPrefix("trial,rung,criterion,accuracy,accuracy_low,"))
    let shares = "\"conv1 0.25, conv2 0.5\""
    #expect(
      lines[1].hasPrefix("dense,,,0.9,") && lines[2].contains(shares) && lines[2].hasSuffix(",trial-0001-rung-1.onnx"))
    let fields = lines[2].replacingOccurrences(of: shares, with: "").split(
      separator: ",", omittingEmptySubsequences: false)
    #expect(fields.count == lines[0].split(separator: ",").count)
    #expect(fields[3] == "0.89" && fields[6] == "0.885")
    #expect(
      FrontCSV(FrontRows(report, .front), columns: [.trial, .size]).text.hasPrefix(
        "trial,size_bytes,size_ratio\ndense,400000,1.0\n"))
    #expect(FrontCSV(FrontRows(ReportFixture.report(records: []), .history), columns: [.trial]).text == "trial\n")
  }
}
