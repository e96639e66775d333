import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import Support
import Tensors

/// One test case in the layout of the ONNX project: `model.onnx`, and folders `test_data_set_N` with `input_M.pb` and
/// `output_M.pb`.
package struct ConformanceCase {
  package enum Outcome: Sendable, Hashable {
    case passed
    /// Our numbers are others than those of the case.
    case wrong(String)
    /// The network could not be run, although it was read.
    case failed(String)
    /// The network was not read: an operator, a form or a type that is not supported.
    case refused(String)
  }

  package let name: String
  private let folder: URL

  package init(_ folder: URL) {
    self.folder = folder
    name = folder.lastPathComponent
  }

  /// The cases in the subfolders of `folder`, by name. Throws `EvaluationError(.missingFile)` when there are none.
  package static func all(in folder: URL) throws -> [ConformanceCase] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let cases = names.sorted().map { ConformanceCase(folder.appendingPathComponent($0)) }
      .filter { FileManager.default.fileExists(atPath: $0.model.path) }
    guard !cases.isEmpty else {
      throw EvaluationError(
        .missingFile, "No folder in '\(folder.path)' holds a model.onnx.",
        remedy: "Name a folder of ONNX test cases (model.onnx, test_data_set_0/input_0.pb, ...).")
    }
    return cases
  }

  /// The operator that the case is about: that of its first node, or, for a function written out in simpler operators
  /// (its name goes on with "_expanded"), that of the case that it is written out from.
  package func subject(among all: [ConformanceCase]) -> String {
    if let range = name.range(of: "_expanded") {
      let base = String(name[..<range.lowerBound])
      if let origin = all.first(where: { $0.name == base }) { return origin.subject(among: []) }
    }
    return (try? ONNXFile.operatorNames(model).first) ?? "unknown"
  }

  private var model: URL { folder.appendingPathComponent("model.onnx") }

  /// Runs every data set of the case and compares within a relative 1e-3, as the ONNX project's own runner does, and an
  /// absolute 1e-6; more for half-precision results, whose last digit is larger than that.
  package func run() -> Outcome {
    let graph: Graph
    do {
      graph = try ONNXFile.read(model, precision: .asWritten)
    } catch {
      return .refused(Self.text(of: error))
    }
    do {
      for set in try dataSets() {
        if let difference = try compare(graph, set) { return .wrong(difference) }
      }
      return .passed
    } catch {
      return .failed(Self.text(of: error))
    }
  }

  private func dataSets() throws -> [URL] {
    try Folders.names(in: folder).filter { $0.hasPrefix("test_data_set_") }.map { folder.appendingPathComponent($0) }
  }

  private func compare(_ graph: Graph, _ set: URL) throws -> String? {
    var inputs: [String: TensorData] = [:]
    for (position, input) in graph.inputs.enumerated() {
      inputs[input.name] = try ONNXTensorFile.read(set.appendingPathComponent("input_\(position).pb")).data
    }
    let results = try NetworkExecution.run(graph, inputs: inputs)
    for (position, output) in graph.outputs.enumerated() {
      let file = set.appendingPathComponent("output_\(position).pb")
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      let expected = try ONNXTensorFile.read(file).data
      guard let result = results[output.name] else { return "there is no output '\(output.name)'" }
      if let difference = try Self.difference(result, expected) { return "'\(output.name)': \(difference)" }
    }
    return nil
  }

  private static func difference(_ result: TensorData, _ expected: TensorData) throws -> String? {
    guard result.elementType == expected.elementType, result.shape == expected.shape else {
      let (ours, theirs) = (result.elementType.rawValue, expected.elementType.rawValue)
      return "\(ours) \(result.shape) instead of \(theirs) \(expected.shape)"
    }
    if result.bytes == expected.bytes { return nil }
    // Half a unit in the last place of each side, on top, where the type is coarser than the tolerance.
    let (absolute, relative) =
      switch expected.elementType {
      case .bfloat16: (1e-2, 1e-2)
      case .float16: (1e-3, 2e-3)
      default: (1e-6, 1e-3)
      }
    let pair = try [result, expected].map { data in
      try NarrowNumbers.values(of: data.bytes, as: data.elementType)?.map(Double.init)
        ?? Tensor(data).to(.float64).doubles
    }
    for (index, (ours, theirs)) in zip(pair[0], pair[1]).enumerated() where ours != theirs {
      if ours.isNaN && theirs.isNaN { continue }
      let tolerance = absolute + relative * abs(theirs)
      guard abs(ours - theirs) <= tolerance else { return "element \(index) is \(ours) instead of \(theirs)" }
    }
    return nil
  }

  private static func text(of error: any Error) -> String {
    (error as? any DescribedError)?.message ?? "\(error)"
  }
}
