import Foundation
import Testing

/// Holds the table of pitfalls to the tests: each row names at least one that exists, or says why there is none.
@Suite struct PitfallsTests {
  struct Row: Sendable {
    let number: Int
    let tests: [String]
    let reason: String
  }

  /// Lines `| number | pitfall | answer | tests |`; the last cell holds `Suite/function` in backticks, or "none:" and a reason.
  static func rows(of text: String) -> [Row] {
    text.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 4, let number = Int(cells[0]) else { return nil }
      return Row(
        number: number, tests: cells[3].matches(of: /`([^`]+)`/).map { String($0.1) },
        reason: cells[3].hasPrefix("none:") ? String(cells[3].dropFirst(5)).trimmingCharacters(in: .whitespaces) : "")
    }
  }

  /// `Suite/function` of every test: what follows `@Test` in the type that was opened last.
  static func tests(in text: String) -> [String] {
    var suite = ""
    var isTest = false
    var found: [String] = []
    for line in text.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
      if let match = line.firstMatch(of: /(?:struct|class|enum)\s+(\w*Tests)\b/) { suite = String(match.1) }
      if line.contains("@Test") { isTest = true }
      if isTest, let match = line.firstMatch(of: /func\s+(\w+)/) {
        found.append("\(suite)/\(match.1)")
        isTest = false
      }
    }
    return found
  }

  static func files(below folder: URL) throws -> [String] {
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
    return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      .map { try String(contentsOf: $0, encoding: .utf8) }
  }

  @Test func testsAndRowsAreFound() {
    let text = """
      @Suite struct OneTests {
        func helper() {}
        // @Test func notThis() {}
        @Test func first() {}
        @Test("With words", arguments: [1])
        func second(_ value: Int) {}
      }
      """
    #expect(Self.tests(in: text) == ["OneTests/first", "OneTests/second"])
    let rows = Self.rows(
      of: "| # | a | b | c |\n|---|---|---|---|\n| 7 | a | b | `X/y`, `Z/w` |\n| 8 | a | b | none: so |\n")
    #expect(rows.map(\.number) == [7, 8] && rows[0].tests == ["X/y", "Z/w"] && rows[1].reason == "so")
  }

  @Test func everyPitfallHasATestOrAReason() throws {
    let folder = FloorsTests.root.appendingPathComponent("Tests")
    let table = try String(contentsOf: folder.appendingPathComponent("PITFALLS.md"), encoding: .utf8)
    let tests = Set(try Self.files(below: folder).flatMap(Self.tests(in:)))
    let rows = Self.rows(of: table)
    #expect(rows.map(\.number) == Array(1...32))
    for row in rows {
      #expect(row.tests.isEmpty != row.reason.isEmpty, "row \(row.number)")
      for test in row.tests { #expect(tests.contains(test), "row \(row.number) names \(test)") }
    }
  }
}
