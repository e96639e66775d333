import Foundation
import ModelFormats
import ModelGraph
import StudyModel

extension NetworkSource {
  /// Reads what a command line names: `builtin:NAME` or the path of an ONNX file.
  package static func parse(_ text: String, weights: String? = nil) -> NetworkSource {
    let prefix = "builtin:"
    return NetworkSource(
      text.hasPrefix(prefix) ? .builtin(name: String(text.dropFirst(prefix.count))) : .file(path: text),
      weights: weights)
  }

  /// The same with what a command line says of the network besides: values `input=value` for integer inputs, globs of what
  /// does not learn, and recurrent states `input=output`.
  ///
  /// Throws `NetworkLoadingError(.badAssignment)`.
  package static func parse(
    _ text: String, weights: String?, set: [String], freeze: [String], statePairs: [String]
  ) throws -> NetworkSource {
    var source = parse(text, weights: weights)
    source.fixedInputs = try NamedValues.integers(set)
    source.freeze = freeze
    source.statePairs = try NamedValues.words(statePairs, example: "h0=hn")
    return source
  }

  /// The network with its weights, in float32; fresh weights come from `seed`.
  ///
  /// Throws `NetworkLoadingError(.missingFile)`, or the format's error for a file that is broken or holds an operator
  /// that is not known.
  package func load(seed: UInt64 = 0) throws -> Graph {
    var graph: Graph
    switch origin {
    case .file(let path):
      graph = try ONNXFile.read(Self.existing(path, kind: "network"), fixing: fixedInputs)
    case .builtin(let name):
      guard fixedInputs.isEmpty else {
        throw NetworkLoadingError(
          .noSuchInput, "The built-in network '\(name)' has no input that can be set to a value.",
          remedy: "Leave out what is set.")
      }
      graph = try BuiltinNetworks.graph(named: name, seed: seed)
    }
    if let weights { graph = try graph.laying(SparseTensorFile.read(Self.existing(weights, kind: "weights"))) }
    try checkFreeze(of: graph)
    graph.frozenWeights = frozenWeights(of: graph)
    for (input, output) in statePairs.sorted(by: { $0.key < $1.key }) {
      for (name, known) in [(input, graph.inputs), (output, graph.outputs)]
      where !known.contains(where: { $0.name == name }) {
        throw NetworkLoadingError(
          .noSuchInput, "The state pair '\(input)', '\(output)' names '\(name)', which '\(graph.name)' does not have.",
          remedy: "See `coppice inspect` for the names of its inputs and outputs.")
      }
    }
    if !statePairs.isEmpty { graph.declaredStatePairs = statePairs }
    return graph
  }

  /// The weights that `freeze` names, by their own name or by that of the layer that reads them.
  package func frozenWeights(of graph: Graph) -> Set<String> {
    guard !freeze.isEmpty else { return [] }
    var frozen: Set<String> = []
    for node in graph.nodes {
      for name in node.inputs where graph.weights[name] != nil {
        if freeze.contains(where: { Glob.matches(name, pattern: $0) || Glob.matches(node.name, pattern: $0) }) {
          frozen.insert(name)
        }
      }
    }
    return frozen
  }

  /// A pattern that names nothing is a slip of the pen, after which other weights would learn than was meant.
  private func checkFreeze(of graph: Graph) throws {
    for pattern in freeze {
      var alone = self
      alone.freeze = [pattern]
      guard alone.frozenWeights(of: graph).isEmpty else { continue }
      throw NetworkLoadingError(
        .noSuchWeight, "No weight and no layer of '\(graph.name)' is named '\(pattern)', which should be frozen.",
        remedy: "See `coppice inspect` for their names.")
    }
  }

  private static func existing(_ path: String, kind: String) throws -> URL {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
      throw NetworkLoadingError(
        .missingFile, "There is no \(kind) file '\(path)'.",
        remedy: kind == "network"
          ? "Check the path, or name a built-in network: "
            + BuiltinNetworks.names.map { "builtin:\($0)" }.joined(separator: ", ") + "."
          : "Check the path.")
    }
    return URL(fileURLWithPath: path)
  }
}
