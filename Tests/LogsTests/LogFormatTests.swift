import Foundation
import Logging
import Logs
import Synchronization
import Testing

@Suite struct LogFormatTests {
  @Test func plainLinesHoldTimeLevelLabelMessageAndSortedFields() {
    let line = LogFormat.plain.line(
      at: 1_795_852_293.1239, .warning, label: "worker-1", "Trial fails.", ["rung": "1", "attempt": "2"])
    // The time by `date -u -d @1795852293`.
    #expect(line == "2026-11-28T07:51:33.123Z warning worker-1: Trial fails. attempt=2 rung=1\n")
  }

  @Test func earlyAndShortTimesKeepTheirDigits() {
    #expect(
      LogFormat.plain.line(at: 5.007, .info, label: "a", "m", [:]).hasPrefix("1970-01-01T00:00:05.007Z info a: m"))
  }

  @Test func textsFromElsewhereStayOnTheirLineAndDriveNoTerminal() {
    let message = "first\nsecond\u{1B}[2J\ttab"
    #expect(
      LogFormat.brief.line(at: 0, .info, label: "a", message, ["file": "a b=\"c\""])
        == "info: first\\nsecond?[2J tab file=\"a b=\\\"c\\\"\"\n")
    #expect(LogFormat.plain.line(at: 0, .info, label: "a", message, [:]).count { $0 == "\n" } == 1)
  }

  @Test func jsonLinesAreReadBackWhole() throws {
    struct Line: Decodable, Equatable {
      var time: String
      var level: String
      var label: String
      var message: String
      var metadata: [String: String]?
    }
    let text = LogFormat.json.line(at: 0, .error, label: "w", "two\nlines \"quoted\" ä", ["trial": "3"])
    #expect(text.count { $0 == "\n" } == 1 && text.hasSuffix("\n"))
    let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
    #expect(
      line
        == Line(
          time: "1970-01-01T00:00:00.000Z", level: "error", label: "w", message: "two\nlines \"quoted\" ä",
          metadata: ["trial": "3"]))
    let bare = LogFormat.json.line(at: 0, .info, label: "w", "m", [:])
    #expect(try JSONDecoder().decode(Line.self, from: Data(bare.utf8)).metadata == nil)
  }

  @Test func briefLinesAreParsedBack() throws {
    for level in Logger.Level.allCases {
      let line = LogFormat.brief.line(at: 0, level, label: "engine", "It: works.", [:]).dropLast()
      let parsed = try #require(LogFormat.parseBrief(String(line)))
      #expect(parsed == (level, "It: works."))
    }
    for other in ["no level here", "Warning: capital", "[W1128 x.cpp:3] Warning: y", "", "info"] {
      #expect(LogFormat.parseBrief(other) == nil)
    }
  }

  @Test func theHandlerKeepsItsLevelAndMergesMetadata() {
    final class Sink: Sendable { let lines = Mutex<[String]>([]) }
    let sink = Sink()
    var logger = Logger(
      label: "w", level: .notice, format: .brief, to: LogDestination { line in sink.lines.withLock { $0.append(line) } }
    )
    logger[metadataKey: "run"] = "r"
    logger.info("not shown")
    logger.notice("shown", metadata: ["trial": "3"])
    #expect(sink.lines.withLock { $0 } == ["notice: shown run=r trial=3\n"])
  }
}
