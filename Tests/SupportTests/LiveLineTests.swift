import Foundation
import Support
import Testing

/// A terminal of a few rows as far as a live line needs one: it wraps, and knows the two codes that are written to it.
private struct Screen {
  let columns: Int
  private(set) var rows: [[Character]] = [[]]
  private var row = 0
  private var column = 0

  init(columns: Int) { self.columns = columns }

  var text: [String] { rows.map { String($0) } }

  mutating func write(_ text: String) {
    var rest = text[...]
    while let character = rest.first {
      if rest.hasPrefix("\u{1B}[2K") {
        rest = rest.dropFirst(4)
        rows[row] = []
        continue
      }
      rest = rest.dropFirst()
      switch character {
      case "\r": column = 0
      case "\n": nextRow()
      default:
        if column == columns { nextRow() }
        rows[row] += Array(repeating: " ", count: max(0, column + 1 - rows[row].count))
        rows[row][column] = character
        column += 1
      }
    }
  }

  private mutating func nextRow() {
    (row, column) = (row + 1, 0)
    if row == rows.count { rows.append([]) }
  }
}

@Suite struct LiveLineTests {
  private let long = (1...60).map { "worker-\($0) training 40%" }.joined(separator: "  ")

  /// What was drawn, without the codes around it.
  private func drawing(_ text: String) -> String {
    text.replacingOccurrences(of: LiveLine.clearingRows, with: "").replacingOccurrences(of: LiveLine.clearing, with: "")
      .filter { $0 != "\r" }
  }

  @Test(arguments: [80, 100, 200])
  func redrawsLeaveNothingBehind(columns: Int) {
    var screen = Screen(columns: columns)
    var written: [String] = []
    let live = LiveLine(isTerminal: true, columns: { columns }, sink: { written.append($0) })
    for _ in 0..<5 { live.show(long) }
    live.show("short")
    live.keep("The end.")
    for text in written { screen.write(text) }
    #expect(screen.text == ["The end.", ""])
    for text in written.prefix(5) {
      let line = drawing(text)
      #expect(TerminalText.width(line) == columns - 1 && line.hasSuffix("…"))
    }
  }

  @Test func theWidthIsAskedForAtEachDrawing() {
    var columns = 200
    var last = ""
    let live = LiveLine(isTerminal: true, columns: { columns }, sink: { last = $0 })
    for width in [200, 60, 100, 1] {
      columns = width
      live.show(long)
      let line = drawing(last)
      #expect(TerminalText.width(line) == max(1, width - 1), "\(width)")
    }
  }

  /// In a window that got narrower the drawing stands on several rows, the cursor on the first of them: from there on all is
  /// cleared. What fits is cleared by its row alone.
  @Test func aNarrowerWindowIsClearedWhole() {
    var columns = 200
    var written: [String] = []
    let live = LiveLine(isTerminal: true, columns: { columns }, sink: { written.append($0) })
    live.show(String(repeating: "x", count: 99))
    columns = 99
    live.show(String(repeating: "y", count: 98))
    columns = 98
    live.show("z")
    columns = 97
    live.show("end")
    #expect(written.map { $0.hasPrefix(LiveLine.clearingRows) } == [false, false, false, false])
    #expect(written.allSatisfy { $0.hasPrefix(LiveLine.clearing) && $0.hasSuffix("\r") })
    written = []
    columns = 200
    live.show(String(repeating: "x", count: 99))
    columns = 98
    live.show("y")
    columns = 20
    live.keep("kept")
    #expect(written[1] == LiveLine.clearingRows + "y\r", "99 columns do not fit 98")
    #expect(written[2...] == [LiveLine.clearing, "kept\n"])
  }

  @Test func elsewhereItWritesWholeLines() {
    var written: [String] = []
    let live = LiveLine(isTerminal: false, columns: { 20 }, sink: { written.append($0) })
    live.show(long)
    live.show("a\u{1B}[2Jb")
    live.keep("kept")
    live.clear()
    #expect(written == [long + "\n", "a?[2Jb\n", "kept\n"] && live.room == nil)
  }

  @Test func stepsOfTheEngineFitToo() {
    var time = 0.0
    var shown: [String] = []
    let meter = ProgressMeter(
      "train " + String(repeating: "long", count: 40), isTerminal: true, columns: { 80 }, now: { time },
      sink: { shown.append($0) })
    time = 10
    meter.update(0.25, detail: "loss 0.5")
    let line = drawing(shown.last ?? "")
    #expect(TerminalText.width(line) == 79)
  }
}

@Suite struct TerminalTextTests {
  @Test(arguments: [
    ("plain", 5), ("", 0), ("naïve", 5), ("nai\u{308}ve", 5), ("網路", 4), ("한글", 4), ("ｆｕｌｌ", 8), ("🌳", 2), ("a…b", 3),
  ])
  func widths(text: String, columns: Int) { #expect(TerminalText.width(text) == columns) }

  @Test func cutsAtWholeCharacters() {
    #expect(TerminalText.cut("abcdef", to: 6) == "abcdef")
    #expect(TerminalText.cut("abcdef", to: 5) == "abcd…")
    #expect(TerminalText.cut("網路網路", to: 6) == "網路…" && TerminalText.cut("網路", to: 1) == "…")
    #expect(TerminalText.cut("abc", to: 0) == "")
    for columns in 0...12 { #expect(TerminalText.width(TerminalText.cut("ab網cd路ef", to: columns)) <= columns) }
  }

  @Test func wrapsBetweenWordsAndInThoseThatAreTooLong() {
    #expect(TerminalText.wrapped("one two three four", to: 9) == "one two\nthree\nfour")
    #expect(TerminalText.wrapped("0123456789abc tail", to: 10) == "0123456789\nabc tail")
    #expect(TerminalText.wrapped("short", to: .max) == "short" && TerminalText.wrapped("", to: 10) == "")
  }

  @Test func wideNamesDoNotShiftColumns() {
    var table = TextTable([("name", .left), ("n", .right)])
    table.add(["網路", "1"])
    table.add(["ab", "2"])
    #expect(table.text == "name  n\n網路  1\nab    2\n")
  }
}
