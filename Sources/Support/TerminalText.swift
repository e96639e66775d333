/// How much room text takes on a terminal, in columns, and how it is made to fit.
///
/// East Asian characters and emoji take two columns, combining marks none. Control characters count as one, because `plain` shows
/// them as a question mark.
package enum TerminalText {
  package static func width(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width($1) }
  }

  /// `text` without anything that could move the cursor or change colours.
  package static func plain(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
  }

  /// At most `columns` columns of `text`; an ellipsis stands for what was cut off.
  package static func cut(_ text: String, to columns: Int) -> String {
    guard width(text) > columns else { return text }
    guard columns > 0 else { return "" }
    var (kept, taken) = ("", 0)
    for character in text {
      let width = width(String(character))
      if taken + width > columns - 1 { break }
      kept.append(character)
      taken += width
    }
    return kept + "…"
  }

  /// Lines of at most `columns` columns, broken between words, and within a word only where it is longer than a line.
  package static func wrapped(_ text: String, to columns: Int) -> String {
    let columns = max(columns, 8)
    var (lines, line) = ([String](), "")
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      var word = String(word)
      if !line.isEmpty, width(line) + 1 + width(word) > columns {
        lines.append(line)
        line = ""
      }
      while line.isEmpty, width(word) > columns {
        var (part, taken) = ("", 0)
        while let character = word.first, taken + width(String(character)) <= columns {
          part.append(word.removeFirst())
          taken += width(String(character))
        }
        lines.append(part)
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n")
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return scalar.properties.isEmojiPresentation || wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }
  }

  /// The blocks of Unicode's East Asian wide and full-width characters.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
    0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
    0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd,
  ]
}
