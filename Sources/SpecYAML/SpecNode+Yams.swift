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
      throw Self.syntaxError(error)
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

  private static func syntaxError(_ error: YamlError) -> SpecError {
    let remedy = "Check the indentation, the quotes and the brackets near there."
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
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
