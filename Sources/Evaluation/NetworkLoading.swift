import Foundation
import ModelFormats
import ModelGraph
import StudyModel

extension NetworkSource {
  /// Reads `builtin:NAME` (with the weights of a safetensors file or fresh ones) or the path of an ONNX file.
  ///
  /// Throws `EvaluationError(.badPlan)` for weights beside an ONNX file, which brings its own.
  package static func parse(_ text: String, weights: String?) throws -> NetworkSource {
    let prefix = "builtin:"
    if text.hasPrefix(prefix) { return .builtin(name: String(text.dropFirst(prefix.count)), weights: weights) }
    guard weights == nil else {
      throw EvaluationError(
        .badPlan, "Weights were given for '\(text)', an ONNX file, which holds its own.",
        remedy: "Leave --weights out, or name a network as builtin:NAME.")
    }
    return .file(path: text)
  }

  /// The network with its weights; fresh weights come from `seed`.
  ///
  /// Throws `EvaluationError(.missingFile)`, or the format's error for a file that is broken or holds an operator
  /// that we do not run.
  package func load(seed: UInt64 = 0) throws -> Graph {
    switch self {
    case .file(let path):
      return try ONNXFile.read(Self.existingFile(path, kind: "network"))
    case .builtin(let name, let weights):
      let graph = try BuiltinNetworks.graph(named: name, seed: seed)
      guard let weights else { return graph }
      return try graph.laying(SafetensorsFile.read(Self.existingFile(weights, kind: "weights")))
    }
  }

  private static func existingFile(_ path: String, kind: String) throws -> URL {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
      throw EvaluationError(
        .missingFile, "There is no \(kind) file '\(path)'.",
        remedy: kind == "network"
          ? "Check the path, or name a built-in network: "
            + BuiltinNetworks.names.map { "builtin:\($0)" }.joined(separator: ", ") + "."
          : "Check the path.")
    }
    return URL(fileURLWithPath: path)
  }
}
