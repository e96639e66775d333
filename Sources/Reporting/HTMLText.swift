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
    func cells(_ tag: String, _ row: [String]) -> String {
      row.enumerated().map { column, cell in
        "<\(tag)\(numeric.contains(column) ? " class=\"n\"" : "")>\(escaped(cell))</\(tag)>"
      }.joined()
    }
    let body = rows.map { "<tr>\(cells("td", $0))</tr>\n" }.joined()
    return
      "<div class=\"wide\"><table>\n<thead><tr>\(cells("th", headers))</tr></thead>\n<tbody>\n\(body)</tbody></table></div>\n"
  }
}
