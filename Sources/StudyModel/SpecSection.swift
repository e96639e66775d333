import Support

/// A mapping whose keys have all been held to the vocabulary, so that nothing in it can be ignored by mistake.
struct SpecSection {
  private let cursor: SpecCursor
  private var values: [String: SpecCursor] = [:]

  init(_ cursor: SpecCursor) throws {
    self.cursor = cursor
    guard let words = SpecVocabulary.section(at: cursor.path) else {
      preconditionFailure("the vocabulary has no section '\(cursor.path)'")
    }
    let entries: [SpecNode.Entry]
    switch cursor.node {
    case .mapping(let found, _): entries = found
    case .null: entries = []
    case .scalar, .list:
      throw cursor.error(
        .wrongType, "\(cursor.node.summary) is not a mapping",
        remedy: "Write keys and values there; the keys are \(words.keys.joined(separator: ", ")).")
    }
    var seen: [String: Int] = [:]
    for entry in entries {
      let path = cursor.path.isEmpty ? entry.key : cursor.path + "." + entry.key
      func error(_ code: SpecError.Code, _ reason: String, remedy: String) -> SpecError {
        SpecError(code, line: entry.line, path: path, value: entry.value.summary, reason: reason, remedy: remedy)
      }
      if let first = seen.updateValue(entry.line, forKey: entry.key) {
        throw error(.duplicateKey, "the key stands on line \(first) already", remedy: "Remove one of the two.")
      }
      if words.notBuilt.contains(entry.key) {
        let reason = SpecVocabulary.reasonsNotBuilt[entry.key] ?? "the key is known, but not built yet"
        throw error(.notBuilt, reason, remedy: "Remove it.")
      }
      guard words.keys.contains(entry.key) else {
        throw error(.unknownKey, Self.unknown(entry.key, among: words.keys), remedy: Self.remedy(for: words.keys))
      }
      if case .null = entry.value { continue }
      values[entry.key] = SpecCursor(node: entry.value, path: path)
    }
  }

  /// The value of a key; nil when the key is absent or has no value.
  subscript(key: String) -> SpecCursor? {
    precondition(
      SpecVocabulary.section(at: cursor.path)?.keys.contains(key) == true, "'\(key)' is not in the vocabulary")
    return values[key]
  }

  func required(_ key: String, remedy: String) throws -> SpecCursor {
    guard let value = self[key] else {
      let path = cursor.path.isEmpty ? key : cursor.path + "." + key
      throw SpecError(.missingKey, line: cursor.node.line, path: path, reason: "the key is missing", remedy: remedy)
    }
    return value
  }

  /// An error at a key's value, or at the section where the key is absent and its default is at fault.
  func error(at key: String, _ code: SpecError.Code, _ reason: String, remedy: String) -> SpecError {
    if let value = self[key] { return value.error(code, reason, remedy: remedy) }
    return SpecError(code, line: cursor.node.line, path: "\(cursor.path).\(key)", reason: reason, remedy: remedy)
  }

  private static func unknown(_ key: String, among keys: [String]) -> String {
    let hint = Spelling.hint(for: key, among: keys)
    // A key that is like nothing here may be right elsewhere: a flat spec is a frequent slip.
    if hint.isEmpty,
      let elsewhere = SpecVocabulary.allPaths.first(where: { $0.split(separator: ".").last.map(String.init) == key })
    {
      return "there is no such key here; '\(elsewhere)' exists"
    }
    return "there is no such key" + hint
  }

  private static func remedy(for keys: [String]) -> String {
    "The keys here are \(keys.joined(separator: ", "))."
  }
}
