import Foundation
import ModelFormats
import ModelGraph

/// How many test cases of each operator pass: what the table of supported operators is made from.
package struct OperatorConformance: Sendable {
  package struct Row: Sendable, Encodable {
    package var name: String
    package var isSupported: Bool
    package var passed: Int
    /// Read, but not run or not right.
    package var failed: Int
    /// Not read: a type or a form that is not supported.
    package var refused: Int
  }

  /// By name; every supported operator, and every other one that a case is about.
  package private(set) var rows: [Row] = []
  /// Cases that did not pass, with the reason, by name.
  package private(set) var failures: [(name: String, reason: String)] = []
  package private(set) var refusals: [(name: String, reason: String)] = []

  package var passed: Int { rows.reduce(0) { $0 + $1.passed } }
  package var total: Int { rows.reduce(0) { $0 + $1.passed + $1.failed + $1.refused } }

  /// Without cases only the operators of the code.
  package init(_ outcomes: [(name: String, op: String, outcome: ConformanceCase.Outcome)] = []) {
    // Three more are brought into other forms while a file is read.
    let supported = Set(Operator.catalogue.map(\.onnxName))
      .union(["Constant", "Scatter", "Upsample"] + ONNXFile.removedOperators)
    var byName: [String: Row] = [:]
    for name in supported.union(outcomes.map(\.op)) {
      byName[name] = Row(name: name, isSupported: supported.contains(name), passed: 0, failed: 0, refused: 0)
    }
    for (name, op, outcome) in outcomes {
      switch outcome {
      case .passed: byName[op]?.passed += 1
      case .wrong(let reason), .failed(let reason):
        byName[op]?.failed += 1
        failures.append((name, reason))
      case .refused(let reason):
        byName[op]?.refused += 1
        refusals.append((name, reason))
      }
    }
    rows = byName.values.sorted { $0.name < $1.name }
  }
}
