import Foundation
import Support

/// A value of the spec with its key's path: turns text into typed values, or says what is wrong and where.
struct SpecCursor {
  let node: SpecNode
  let path: String

  func error(_ code: SpecError.Code, _ reason: String, remedy: String?) -> SpecError {
    SpecError(code, line: node.line, path: path, value: node.summary, reason: reason, remedy: remedy)
  }

  func string(_ expected: String = "a text") throws -> String {
    guard case .scalar(let text, _, _) = node, !text.isEmpty else {
      throw error(.wrongType, "\(node.summary) is not \(expected)", remedy: "Write \(expected) there.")
    }
    return text
  }

  func number(_ expected: String, where holds: (Double) -> Bool) throws -> Double {
    guard let value = Double(try string("a number")), value.isFinite else {
      throw error(.wrongType, "'\(node.summary)' is not a number", remedy: "Write \(expected).")
    }
    guard holds(value) else {
      throw error(.outOfRange, "\(node.summary) is out of range", remedy: "Write \(expected).")
    }
    return value
  }

  func integer<Value: FixedWidthInteger>(_ expected: String, in range: ClosedRange<Value>) throws -> Value {
    let text = try string("an integer").replacingOccurrences(of: "_", with: "")
    guard let value = Value(text) else {
      let isNumber = Double(text).map(\.isFinite) ?? false
      throw error(
        isNumber ? .outOfRange : .wrongType,
        isNumber ? "\(node.summary) is not an integer in range" : "'\(node.summary)' is not an integer",
        remedy: "Write \(expected).")
    }
    guard range.contains(value) else {
      throw error(.outOfRange, "\(node.summary) is out of range", remedy: "Write \(expected).")
    }
    return value
  }

  func boolean() throws -> Bool {
    switch try string("true or false") {
    case "true", "True", "yes", "on": return true
    case "false", "False", "no", "off": return false
    default:
      throw error(.wrongType, "'\(node.summary)' is neither true nor false", remedy: "Write true or false.")
    }
  }

  /// One of `known`; a member of `notBuilt` is refused by name, and anything else with the known word that is like it.
  func choice(_ kind: String, of known: [String], notBuilt: [String] = []) throws -> String {
    let text = try string("a \(kind)")
    if known.contains(text) { return text }
    if notBuilt.contains(text) { throw self.notBuilt("\(kind) '\(text)'", instead: known) }
    throw error(
      .unknownValue, "there is no \(kind) '\(text)'\(Spelling.hint(for: text, among: known + notBuilt))",
      remedy: "Choose from \(known.joined(separator: ", ")).")
  }

  func notBuilt(_ what: String, instead known: [String]) -> SpecError {
    error(
      .notBuilt, "\(what) is known, but not built yet",
      remedy: known.isEmpty ? "Remove it." : "Use \(known.joined(separator: ", ")).")
  }

  /// The members of a list; a scalar is a list of itself.
  func items() throws -> [SpecCursor] {
    switch node {
    case .list(let nodes, _):
      return nodes.enumerated().map { SpecCursor(node: $1, path: "\(path)[\($0)]") }
    case .scalar: return [self]
    case .mapping, .null:
      throw error(.wrongType, "\(node.summary) is not a list", remedy: "Write a list, such as [a, b].")
    }
  }

  /// The members of a list that must not be empty nor hold anything twice.
  func distinct<Value: Hashable>(_ read: (SpecCursor) throws -> Value) throws -> [Value] {
    let cursors = try items()
    guard !cursors.isEmpty else {
      throw error(.outOfRange, "the list is empty", remedy: "Name at least one.")
    }
    var values: [Value] = []
    for cursor in cursors {
      let value = try read(cursor)
      guard !values.contains(value) else {
        throw cursor.error(.duplicateKey, "\(cursor.node.summary) is named twice", remedy: "Name it once.")
      }
      values.append(value)
    }
    return values
  }

  /// A mapping whose keys are the user's own names, each at most once.
  func entries<Value>(_ read: (SpecCursor) throws -> Value) throws -> [String: Value] {
    guard case .mapping(let entries, _) = node else {
      throw error(.wrongType, "\(node.summary) is not a mapping", remedy: "Write {name: value}.")
    }
    var values: [String: Value] = [:]
    for entry in entries {
      let cursor = SpecCursor(node: entry.value, path: "\(path).\(entry.key)")
      guard values.updateValue(try read(cursor), forKey: entry.key) == nil else {
        throw cursor.error(.duplicateKey, "'\(entry.key)' is there twice", remedy: "Remove one of the two.")
      }
    }
    return values
  }

  var isMapping: Bool {
    if case .mapping = node { true } else { false }
  }

  /// The mapping under this key, its keys held to the vocabulary of the section at this path.
  func section() throws -> SpecSection { try SpecSection(self) }

  /// `nil` for the given word (`all`, `none`, ...), otherwise what `read` makes of it.
  func unless<Value>(_ word: String, _ read: (SpecCursor) throws -> Value) throws -> Value? {
    if case .scalar(word, _, _) = node { return nil }
    return try read(self)
  }
}
