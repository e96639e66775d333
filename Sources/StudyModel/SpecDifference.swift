/// One key whose value differs between two specs, as `--resume` shows it when it refuses.
package struct SpecDifference: Hashable, Sendable, CustomStringConvertible {
  /// The key's path, such as "space.sparsity.max".
  package let path: String
  /// The values as the full spec prints them; nil where the key is absent.
  package let old: String?
  package let new: String?

  package var description: String { "\(path): \(old ?? "absent") -> \(new ?? "absent")" }

  /// All differences, in the order of the full spec; none exactly when the specs are equal.
  package static func between(_ old: StudySpec, _ new: StudySpec) -> [SpecDifference] {
    let (old, new) = (leaves(SpecPrinter.node(old), path: ""), leaves(SpecPrinter.node(new), path: ""))
    let oldValues = Dictionary(old, uniquingKeysWith: { first, _ in first })
    let newValues = Dictionary(new, uniquingKeysWith: { first, _ in first })
    let paths = old.map(\.0) + new.map(\.0).filter { oldValues[$0] == nil }
    return paths.compactMap { path in
      oldValues[path] == newValues[path]
        ? nil : SpecDifference(path: path, old: oldValues[path], new: newValues[path])
    }
  }

  private static func leaves(_ node: SpecNode, path: String) -> [(String, String)] {
    guard case .mapping(let entries, _) = node else { return [(path, SpecPrinter.inline(node))] }
    return entries.flatMap { leaves($0.value, path: path.isEmpty ? $0.key : path + "." + $0.key) }
  }
}
