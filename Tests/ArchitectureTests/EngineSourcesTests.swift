import Foundation
import Testing

/// Holds the list of sources that the engine carries, and names itself by, to what evaluations are built from.
@Suite struct EngineSourcesTests {
  /// The target Evaluation with all that it imports, directly or through others.
  static var targets: Set<String> {
    var found: Set<String> = []
    var open = ["Evaluation"]
    while let target = open.popLast() {
      guard found.insert(target).inserted else { continue }
      open += FloorsTests.imports.filter { $0.target == target && FloorsTests.places[$0.module] != nil }.map(\.module)
    }
    return found
  }

  @Test func theListNamesEverySourceThatDecidesFigures() throws {
    #expect(Self.targets.isSuperset(of: ["Pruning", "Training", "Tensors", "CTorchShim", "Support", "StudyModel"]))
    #expect(Self.targets.isDisjoint(with: ["Search", "Coordination", "coppice", "TrialHost"]))
    let sources = FloorsTests.root.appendingPathComponent("Sources")
    let list = "CTorchShim/Generated/EngineSources.cpp"
    var expected: Set<String> = []
    for target in Self.targets {
      let folder = sources.appendingPathComponent(target)
      let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
      for case let file as URL in files where ["swift", "cpp", "c", "h"].contains(file.pathExtension) {
        expected.insert(String(file.path.dropFirst(sources.path.count + 1)))
      }
    }
    expected.remove(list)
    let text = try String(contentsOf: sources.appendingPathComponent(list), encoding: .utf8)
    let named = text.matches(of: /(?m)^#embed "\.\.\/\.\.\/([^"]+)"/).map { String($0.1) }
    let missing = expected.subtracting(named).sorted()
    let surplus = Set(named).subtracting(expected).sorted()
    #expect(missing.isEmpty && surplus.isEmpty, "run scripts/generate sources: not listed \(missing), gone \(surplus)")
    #expect(named == named.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    #expect(Set(named).count == named.count)
  }
}
