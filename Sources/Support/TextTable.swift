/// Columns aligned for a terminal: numbers to the right, words to the left.
package struct TextTable: Sendable {
  package enum Alignment: Sendable { case left, right }

  private let headers: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []

  package init(_ headers: [(title: String, alignment: Alignment)]) { self.headers = headers }

  /// Names in the first column, figures to the right in the others.
  package init(figures titles: [String]) {
    self.init(titles.enumerated().map { ($1, $0 == 0 ? .left : .right) })
  }

  /// A row has at most a cell for each column; those that it lacks at its end stay empty. Names of layers and files come from
  /// outside, so no cell may break the table or drive the terminal.
  package mutating func add(_ row: [String]) {
    precondition(row.count <= headers.count, "a row of \(row.count) cells for \(headers.count) columns")
    rows.append(row.map(TerminalText.plain) + Array(repeating: "", count: headers.count - row.count))
  }

  /// Lines without trailing spaces, each ending in a newline; two spaces part the columns.
  package var text: String {
    let widths = headers.indices.map { column in
      ([headers[column].title] + rows.map { $0[column] }).map { TerminalText.width($0) }.max() ?? 0
    }
    return ([headers.map(\.title)] + rows).map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - TerminalText.width(cell))
        line += (column == 0 ? "" : "  ") + (headers[column].alignment == .left ? cell + padding : padding + cell)
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
