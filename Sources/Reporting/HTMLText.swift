/// Text made safe for HTML and SVG, as content and inside quoted attributes.
enum HTMLText {
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      // Other control characters are not allowed in HTML at all.
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value): result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A table whose cells are escaped; the columns of `numeric` are set to the right.
  static func table(_ headers: [String], rows: [[String]], numeric: Set<Int> = []) -> String {
    table(headers, cells: rows.map { $0.map(escaped) }, numeric: numeric)
  }

  /// A table whose cells are HTML already. Each carries its column's name, which stands before it where the window is too narrow
  /// for columns and rows become blocks.
  static func table(_ headers: [String], cells rows: [[String]], numeric: Set<Int> = []) -> String {
    func style(_ column: Int) -> String { numeric.contains(column) ? " class=\"n\"" : "" }
    let head = headers.enumerated().map { "<th\(style($0))>\(escaped($1))</th>" }.joined()
    let body = rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let label = headers.indices.contains(column) ? headers[column] : ""
        return "<td\(style(column)) data-label=\"\(escaped(label))\"><span>\(cell)</span></td>"
      }
      return "<tr>\(cells.joined())</tr>\n"
    }
    return
      "<div class=\"wide\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(body.joined())</tbody></table></div>\n"
  }
}
