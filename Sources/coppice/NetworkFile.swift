import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support

/// Networks as commands and specs name them.
enum NetworkFile {
  /// Reads what a spec's `network` names. Throws with the path and the remedy when a file is missing or broken.
  static func load(_ source: NetworkSource) throws -> Graph {
    switch source {
    case .file(let path):
      return try ONNXFile.read(try existing(path))
    case .builtin(let name, let weights):
      let graph = try BuiltinNetworks.graph(named: name)
      guard let weights else { return graph }
      return try graph.laying(try SafetensorsFile.read(try existing(weights)))
    }
  }

  /// A network from the command line: an ONNX file, or `builtin:NAME` with perhaps a safetensors file of weights.
  static func load(argument: String, weights: String?) throws -> Graph {
    if argument.hasPrefix("builtin:") {
      return try load(.builtin(name: String(argument.dropFirst("builtin:".count)), weights: weights))
    }
    let graph = try load(.file(path: argument))
    guard let weights else { return graph }
    return try graph.laying(try SafetensorsFile.read(try existing(weights)))
  }

  private static func existing(_ path: String) throws -> URL {
    guard FileManager.default.fileExists(atPath: path) else {
      throw CommandError(.missingInput, "There is no file '\(path)'.", remedy: "Check the spelling of the path.")
    }
    return URL(fileURLWithPath: path)
  }
}
