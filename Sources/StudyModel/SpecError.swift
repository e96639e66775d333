import Support

/// What is wrong with a spec, and where: nothing is read further, and nothing is started.
package struct SpecError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The text is not YAML.
    case syntax
    case unknownKey, duplicateKey, missingKey
    /// In the design of the format, but not in this build.
    case notBuilt
    case wrongType, outOfRange, unknownValue, conflict
  }

  package let code: Code
  /// From 1; 0 where the spec is not from a text.
  package let line: Int
  /// The key's path, such as "space.sparsity.max"; empty for the whole text.
  package let path: String
  /// The value as written, where there is one.
  package let value: String?
  /// What is wrong, without the place.
  package let reason: String
  package let remedy: String?
  package var exitCode: ExitCode { .configuration }

  package init(_ code: Code, line: Int, path: String, value: String? = nil, reason: String, remedy: String?) {
    self.code = code
    self.line = line
    self.path = path
    self.value = value
    self.reason = reason
    self.remedy = remedy
  }

  package var message: String {
    var place = line > 0 ? "line \(line)" : ""
    if !path.isEmpty { place += place.isEmpty ? "'\(path)'" : ", '\(path)'" }
    return place.isEmpty ? "Spec: \(reason)." : "Spec, \(place): \(reason)."
  }
}
