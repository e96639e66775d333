/// What a user writes as `NAME=VALUE`, the name possibly with equal signs of its own.
package enum NamedValues {
  /// Throws `NetworkLoadingError(.badAssignment)` for a text without a name, and for a name that is given twice.
  package static func words(_ texts: [String], example: String = "sr=16000") throws -> [String: String] {
    var result: [String: String] = [:]
    for text in texts {
      guard let equals = text.lastIndex(of: "="), equals != text.startIndex else {
        throw NetworkLoadingError(
          .badAssignment, "'\(text)' is not of the form name=value.", remedy: "Write, for example, \(example).")
      }
      let name = String(text[..<equals])
      guard result.updateValue(String(text[text.index(after: equals)...]), forKey: name) == nil else {
        throw NetworkLoadingError(.badAssignment, "'\(name)' is given twice.", remedy: "Give it once.")
      }
    }
    return result
  }

  /// The same for integers.
  package static func integers(_ texts: [String]) throws -> [String: Int] {
    var result: [String: Int] = [:]
    for (name, word) in try words(texts) {
      guard let value = Int(word) else {
        throw NetworkLoadingError(
          .badAssignment, "'\(word)', the value of '\(name)', is not an integer.",
          remedy: "Only integer inputs can be set, such as sr=16000.")
      }
      result[name] = value
    }
    return result
  }
}
