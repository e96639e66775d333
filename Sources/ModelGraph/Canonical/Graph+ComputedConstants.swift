extension Graph {
  private static let computedConstantsKey = "coppice.computed-constants"

  /// Weights that stand for what the network computed from shapes and constants (an attention mask, say): nothing learned them. Kept in
  /// the metadata, a name a line, so that it survives files.
  package internal(set) var computedConstants: Set<String> {
    get { Set(metadata[Self.computedConstantsKey]?.split(separator: "\n").map(String.init) ?? []) }
    set { metadata[Self.computedConstantsKey] = newValue.isEmpty ? nil : newValue.sorted().joined(separator: "\n") }
  }
}
