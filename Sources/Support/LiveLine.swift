/// One line that is redrawn in place on a terminal, and written as plain lines elsewhere.
///
/// A line that is longer than the window would wrap, and its rows could not be cleared by going back on the last one; so each
/// drawing is cut to the width that the window has at that moment. The cursor rests at the line's beginning: when the window
/// gets narrower, terminals that wrap what stands there keep it on the first row, and clearing from the cursor to the screen's
/// end removes every row. Only then is so much cleared: some terminals put what is cleared that way into their history.
package final class LiveLine {
  /// Moves to the line's beginning and clears the row.
  package static let clearing = "\r\u{1B}[2K"
  /// The same for a line that wraps, by all rows from there on.
  package static let clearingRows = "\r\u{1B}[J"

  /// `clearing` where standard error is a terminal, else nothing: to be written before whatever may come upon a drawn line.
  package static var clearingOnTerminals: String { Terminal.errors.isInteractive ? clearing : "" }

  package let isTerminal: Bool
  private let columns: () -> Int
  private let sink: (String) -> Void
  /// Columns of what stands there; 0 for nothing.
  private var drawn = 0

  package init(
    isTerminal: Bool = Terminal.errors.isInteractive, columns: @escaping () -> Int = { Terminal.errors.columns },
    sink: @escaping (String) -> Void = { StandardError.write($0) }
  ) {
    self.isTerminal = isTerminal
    self.columns = columns
    self.sink = sink
  }

  /// Columns that a drawing may take; nil where lines are not redrawn. The last column stays free, since some terminals wrap as
  /// soon as it is filled.
  package var room: Int? { isTerminal ? max(1, columns() - 1) : nil }

  /// Draws the line anew, or writes it as one more.
  package func show(_ text: String) {
    let text = TerminalText.plain(text)
    guard let room else { return sink(text + "\n") }
    let line = TerminalText.cut(text, to: room)
    sink(cleared + line + "\r")
    drawn = TerminalText.width(line)
  }

  /// Writes a line that stays; the next drawing comes below it.
  package func keep(_ text: String) {
    clear()
    sink(text + "\n")
  }

  /// Takes the drawing away.
  package func clear() {
    if drawn > 0 { sink(cleared) }
    drawn = 0
  }

  private var cleared: String { drawn > columns() ? Self.clearingRows : Self.clearing }
}
