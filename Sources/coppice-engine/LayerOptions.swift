import ArgumentParser
import Evaluation
import ModelGraph
import StudyModel
import Support

/// The layers that may be pruned; all conditions hold together, and exclusion wins.
struct LayerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Prune only layers of this name; * and ? stand for any text. Can be repeated.", valueName: "glob"))
  var layers: [String] = []

  @Option(help: ArgumentHelp("Do not prune layers of this name. Can be repeated.", valueName: "glob"))
  var exclude: [String] = []

  @Option(
    help: ArgumentHelp("Prune only this operator: Conv, Gemm, LSTM, ... Can be repeated.", valueName: "operator"))
  var kinds: [String] = []

  @Option(
    help: ArgumentHelp(
      "Prune only this part of the network's depth; 0,0.5 is the half near the input.", valueName: "from,to"))
  var depth: NumberList?

  @Option(help: ArgumentHelp("Prune only this many layers, counted from the input.", valueName: "count"))
  var first: Int?

  @Option(
    help: ArgumentHelp(
      "Prune only this many layers, counted from the output. With --first: both ends.", valueName: "count"))
  var last: Int?

  /// The options that stand on the command line.
  var given: [String] {
    [
      layers.first.map { _ in "--layers" }, exclude.first.map { _ in "--exclude" }, kinds.first.map { _ in "--kinds" },
      depth.map { _ in "--depth" }, first.map { _ in "--first" }, last.map { _ in "--last" },
    ].compactMap { $0 }
  }

  var set: LayerSet {
    let range = depth.flatMap { $0.values.count == 2 ? $0.values[0]...$0.values[1] : nil } ?? 0...1
    return LayerSet(
      include: layers.isEmpty ? ["*"] : layers, exclude: exclude, kinds: kinds, depth: range, first: first, last: last)
  }

  func validate() throws {
    if let depth {
      let ends = depth.values
      guard ends.count == 2, ends[0] <= ends[1], ends.allSatisfy((0...1).contains) else {
        throw ValidationError("--depth takes two shares from 0 to 1 that rise, such as 0,0.5.")
      }
    }
    for (name, value) in [("--first", first), ("--last", last)] {
      if let value, value < 1 { throw ValidationError("\(name) must be at least 1, not \(value).") }
    }
  }

  /// A glob or an operator that matches no layer is a slip of the pen, and would otherwise prune other layers than was meant.
  func check(against graph: Graph) throws {
    let names = graph.prunableLayerNames
    for pattern in layers + exclude where !names.contains(where: { Glob.matches($0, pattern: pattern) }) {
      throw EvaluationError(
        .badPlan, "No layer is named '\(pattern)'\(Spelling.hint(for: pattern, among: names)).",
        remedy: "The layers are: \(names.joined(separator: ", ")).")
    }
    let prunable = Set(names)
    let operators = Set(graph.nodes.filter { prunable.contains($0.name) }.map(\.op.onnxName)).sorted()
    for kind in kinds where !operators.contains(kind) {
      throw EvaluationError(
        .badPlan, "No layer that can be pruned is a '\(kind)'\(Spelling.hint(for: kind, among: operators)).",
        remedy: "The operators are: \(operators.joined(separator: ", ")).")
    }
  }
}
