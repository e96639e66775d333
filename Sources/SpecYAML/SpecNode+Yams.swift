import StudyModel
import Yams

extension SpecNode {
  /// The tree of a spec's YAML text; throws `SpecError` with code `syntax` and the line.
  package init(yaml text: String) throws {
    do {
      guard let node = try Yams.compose(yaml: text) else {
        self = .null(line: 1)
        return
      }
      self.init(node)
    } catch let error as YamlError {
      throw Self.syntaxError(error, in: text)
    }
  }

  private init(_ node: Node) {
    let line = node.mark?.line ?? 0
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .any || scalar.style == .plain
      if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
        self = .null(line: line)
      } else {
        self = .scalar(scalar.string, line: line, isQuoted: !isPlain)
      }
    case .sequence(let sequence):
      self = .list(sequence.map { SpecNode($0) }, line: line)
    case .mapping(let mapping):
      self = .mapping(
        mapping.map { key, value in
          Entry(
            key: key.scalar?.string ?? "(not a text)", line: key.mark?.line ?? line, value: SpecNode(value))
        }, line: line)
    case .alias:
      // Parsing resolves aliases; one that is left has no anchor.
      self = .null(line: line)
    }
  }

  /// A line indented with a tab: the one that the parser names, by its number from 1, or a neighbour of it, since where a tab breaks
  /// the text the parser may see it one line later or earlier.
  private static func lineIndentedByTab(near number: Int, in lines: [Substring]) -> Int? {
    [number, number - 1, number + 1].first { number in
      guard lines.indices.contains(number - 1) else { return false }
      let line = lines[number - 1]
      let indentation = line.prefix { $0 == " " || $0 == "\t" }
      return indentation.contains("\t") && indentation.count < line.count
    }
  }

  private static func syntaxError(_ error: YamlError, in text: String) -> SpecError {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    var remedy = "Check the indentation, the quotes and the brackets near there."
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      if let line = lineIndentedByTab(near: mark.line, in: lines) {
        return SpecError(
          .syntax, line: line, path: "", reason: "the line is indented with a tab, which YAML does not allow",
          remedy: "Indent with spaces, two for each level.")
      }
      if lines.indices.contains(mark.line - 1), lines[mark.line - 1].contains("\t") {
        remedy += " There is a tab in this line; write spaces."
      }
      return SpecError(.syntax, line: mark.line, path: "", reason: "the text is not YAML (\(problem))", remedy: remedy)
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.sorted().joined(separator: ", ")
      return SpecError(
        .duplicateKey, line: context.mark.line, path: "", value: names, reason: "the key '\(names)' stands there twice",
        remedy: "Remove one of the two.")
    default:
      return SpecError(.syntax, line: 0, path: "", reason: "the text is not YAML (\(error))", remedy: remedy)
    }
  }
}
