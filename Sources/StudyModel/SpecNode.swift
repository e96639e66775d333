/// A spec's text as a tree that remembers its lines, whatever parser made it; scalars stay text until a key gives them a type.
package indirect enum SpecNode: Hashable, Sendable {
  case scalar(String, line: Int, isQuoted: Bool)
  case list([SpecNode], line: Int)
  case mapping([Entry], line: Int)
  case null(line: Int)

  /// A key of a mapping with the line on which it stands (from 1), in the order of the text; keys may repeat.
  package struct Entry: Hashable, Sendable {
    package var key: String
    package var line: Int
    package var value: SpecNode

    package init(key: String, line: Int, value: SpecNode) {
      self.key = key
      self.line = line
      self.value = value
    }
  }

  package var line: Int {
    switch self {
    case .scalar(_, let line, _), .list(_, let line), .mapping(_, let line), .null(let line): line
    }
  }

  /// The value as an error quotes it: scalars as written, the rest by kind and size.
  package var summary: String {
    switch self {
    case .scalar(let text, _, _): text
    case .list(let items, _): "a list of \(items.count)"
    case .mapping(let entries, _): "a mapping of \(entries.map(\.key).joined(separator: ", "))"
    case .null: "nothing"
    }
  }
}
