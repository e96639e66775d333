import Foundation
import TestSupport
import Testing

/// The onnx package's own tests of operators, through `coppice operators --cases`.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct OperatorConformanceTests {
  private struct Report: Decodable {
    struct Row: Decodable {
      var name: String
      var isSupported: Bool
      var passed: Int
      var failed: Int
      var refused: Int
    }
    struct Case: Decodable {
      var name: String
      var reason: String
    }
    var operators: [Row]
    var failures: [Case]
    var refusals: [Case]
  }

  /// Training, sequences, optionals, strings and control flow are not what a pruned network is made of.
  private static let excluded: Set<String> = [
    "Adagrad", "Adam", "Momentum", "If", "Loop", "Scan", "Optional", "OptionalGetElement", "OptionalHasElement",
    "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
    "SequenceMap", "SplitToSequence", "ConcatFromSequence", "StringConcat", "StringNormalizer", "StringSplit",
    "RegexFullMatch",
  ]

  @Test func nodeTestsPass() throws {
    guard let python = PythonPeer.executable(for: "nodeTestsPass") else { return }
    let folder = try TemporaryFolder()
    let cases = folder.url.appendingPathComponent("cases")
    let made = try PythonPeer.run(
      python, [PythonPeer.scripts.appendingPathComponent("node_tests.py").path, cases.path], in: folder)
    try #require(made.status == 0, "\(made.output)")

    let outcome = try coppice("operators", "--cases", cases.path, "--json", in: folder.url)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    let rows = report.operators.filter { !Self.excluded.contains($0.name) }
    let passed = rows.reduce(0) { $0 + $1.passed }
    let total = rows.reduce(0) { $0 + $1.passed + $1.failed + $1.refused }
    print("\(passed) of \(total) node tests pass")
    #expect(total > 1700)
    #expect(Double(passed) >= 0.9 * Double(total))
    // What is read is right, but for dropout in training, which draws numbers of its own.
    let wrong = report.failures.filter { !$0.name.hasPrefix("test_training_dropout") }.map {
      "\($0.name): \($0.reason)"
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
  }
}
