import Foundation
import SpecYAML
import StudyModel
import Testing

/// The specs that people start from are read as they stand.
@Suite struct ExampleSpecTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("scripts/examples")

  @Test func everyExampleIsRead() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".yaml") }
    #expect(names.count >= 5)
    for name in names {
      let text = try String(contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8)
      let spec = try readSpec(text, folder: Self.folder.path)
      #expect(try readSpec(SpecPrinter.yaml(spec)) == spec, "\(name)")
    }
  }

  /// The annotated example names every key that a full spec has, and every word of every list.
  @Test func theAnnotatedExampleNamesEveryWord() throws {
    let text = try String(contentsOf: Self.folder.appendingPathComponent("every-word.yaml"), encoding: .utf8)
    func keys(_ node: SpecNode) -> Set<String> {
      switch node {
      case .mapping(let entries, _): entries.reduce(into: Set(entries.map(\.key))) { $0.formUnion(keys($1.value)) }
      case .list(let items, _): items.reduce(into: []) { $0.formUnion(keys($1)) }
      case .scalar, .null: []
      }
    }
    let full = keys(SpecPrinter.node(try readSpec(everyChoice)))
    for key in full.subtracting(["builtin"]) { #expect(text.contains("\(key):"), "\(key)") }
    let words: [String] =
      Removal.allCases.map(\.rawValue) + Aggregation.allCases.map(\.rawValue) + Normalization.allCases.map(\.rawValue)
      + StatisticTransform.allCases.map(\.rawValue) + Schedule.Kind.allCases.map(\.rawValue)
      + LayerOrder.allCases.map(\.rawValue) + SparseTraining.Penalty.allCases.map(\.rawValue)
      + Scope.allCases.map(\.rawValue) + SamplerKind.allCases.map(\.rawValue) + Promotion.allCases.map(\.rawValue)
    for word in words { #expect(text.contains(word), "\(word)") }
  }

  /// The table beside the code has a row for each criterion.
  @Test func theReadmeNamesEveryCriterion() throws {
    let readme = Self.folder.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/StudyModel/README.md")
    let text = try String(contentsOf: readme, encoding: .utf8)
    for criterion in Criterion.allCases { #expect(text.contains("`\(criterion.rawValue)`"), "\(criterion)") }
    for kind in Schedule.Kind.allCases { #expect(text.contains("`\(kind.rawValue)`"), "\(kind)") }
    for order in LayerOrder.allCases { #expect(text.contains("`\(order.rawValue)`"), "\(order)") }
  }
}
