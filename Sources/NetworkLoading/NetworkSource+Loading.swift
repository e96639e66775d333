import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support

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
      graph = try ONNXFile.read(Self.existing(path, kind: "network file"), fixing: fixedInputs)
    case .builtin(let name):
      guard fixedInputs.isEmpty else {
        throw NetworkLoadingError(
          .noSuchInput, "The built-in network '\(name)' has no input that can be set to a value.",
          remedy: "Leave out what is set.")
      }
      graph = try BuiltinNetworks.graph(named: name, seed: seed)
    }
    if let weights {
      let file = try SparseTensorFile.open(Self.existing(weights, kind: "weights file"))
      graph = try graph.laying(file.tensors)
      // How the network is to be fed goes with the weights that learned it.
      graph.metadata.merge(file.metadata.filter { TrainingMetadata.keys.contains($0.key) }) { _, new in new }
    }
    try checkFreeze(of: graph)
    graph.frozenWeights = frozenWeights(of: graph)
    for (input, output) in statePairs.sorted(by: { $0.key < $1.key }) {
      for (name, known) in [(input, graph.inputs), (output, graph.outputs)]
      where !known.contains(where: { $0.name == name }) {
        throw NetworkLoadingError(
          .noSuchInput,
          "The state pair '\(input)', '\(output)' names '\(name)', which '\(graph.name)' does not have"
            + Spelling.hint(for: name, among: known.map(\.name)) + ".",
          remedy: "See `coppice inspect` for the names of its inputs and outputs.")
      }
    }
    if !statePairs.isEmpty { graph.declaredStatePairs = statePairs }
    return graph
  }

  /// The bytes of the network's file, external weights included: what its user has. Nil for a built-in network.
  package func fileBytes() throws -> Int? {
    guard case .file(let path) = origin else { return nil }
    return try ONNXFile.storedBytes(of: URL(fileURLWithPath: path))
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
        .noSuchWeight,
        "No weight and no layer of '\(graph.name)' is named '\(pattern)', which should be frozen"
          + Spelling.hint(for: pattern, among: graph.weights.keys.sorted() + graph.nodes.map(\.name)) + ".",
        remedy: "See `coppice inspect` for their names.")
    }
  }

  private static func existing(_ path: String, kind: String) throws -> URL {
    if kind == "network file", let format = ForeignFormat(path) {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw NetworkLoadingError(
        isThere ? .foreignFormat : .missingFile,
        isThere
          ? "'\(path)' is \(format.name); networks are read as ONNX."
          : "There is no network file '\(path)', and networks are read as ONNX: this would be \(format.name).",
        remedy: format.remedy)
    }
    if kind == "weights file", let remedy = ForeignFormat.weightsRemedy(path),
      FileManager.default.fileExists(atPath: path)
    {
      throw NetworkLoadingError(.foreignFormat, "'\(path)' is no safetensors file.", remedy: remedy)
    }
    guard let error = InputFileError(path, kind: kind) else { return URL(fileURLWithPath: path) }
    throw NetworkLoadingError(
      error.code == .empty ? .emptyFile : .missingFile, error.message,
      remedy: kind == "network file" && error.code == .missing ? remedy(forMissing: path, error) : error.remedy)
  }

  /// A built-in network's name without its prefix is the usual slip.
  private static func remedy(forMissing path: String, _ error: InputFileError) -> String? {
    let name = URL(fileURLWithPath: path).lastPathComponent
    let isBuiltin = BuiltinNetworks.names.contains(name.lowercased())
    guard !name.contains("."), isBuiltin || error.neighbour == nil else { return error.remedy }
    if let builtin = Spelling.nearest(to: name, among: BuiltinNetworks.names) {
      return "Do you mean the built-in network builtin:\(builtin)? In a spec it is network: {builtin: \(builtin)}."
    }
    return "Check the path of the ONNX file, or name a built-in network: "
      + BuiltinNetworks.names.map { "builtin:\($0)" }.joined(separator: ", ") + "."
  }
}
