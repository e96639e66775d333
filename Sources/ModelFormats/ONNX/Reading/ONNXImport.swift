import Foundation
import ModelGraph

/// Translates an ONNX model to a `Graph`: every node is brought to the form of ONNX's newest operator set, the bodies of
/// functions stand where they are called, and of an `If` only the branch that is always taken remains.
///
/// Shapes and types are inferred along the way, since older forms and conditions can only be resolved with them. What is
/// known is that of one size for each symbolic axis; `binding` holds them.
struct ONNXImport {
  /// More nodes than any network has; functions that call functions could else grow without end.
  static let largestNodeCount = 1 << 18
  /// What the constants of branches and functions may take together: a function's count as often as it is called.
  static let largestNestedBytes = 4 << 30

  let model: Onnx_ModelProto
  /// Values that the reader of the file gives to inputs and symbolic axes.
  let fixed: [String: Int]
  let opset: Int
  let tensors: ONNXTensorReader
  let functions: [ONNXFunctionKey: Onnx_FunctionProto]
  let valueNames: ONNXNames
  let nodeNames = ONNXNames()
  /// Every name that some node of the file reads, wherever it stands.
  let readNames: Set<String>

  var inputs: [ValueInfo] = []
  var weights: [String: TensorData] = [:]
  var nodes: [Node] = []
  /// Constants of integers that upgrades have made: nodes that need the same share one.
  var lists: [TensorData: String] = [:]
  var scopes: [ONNXScope]
  /// What is known of each value; values are missing where inference did not get to them.
  var facts: [String: ValueFact] = [:]
  var binding: [String: Int] = [:]
  /// How often `binding` may still be looked for, each time over all nodes so far.
  var rebindingsLeft = 8
  /// What inference may still hold of constants that it computed.
  var room = ComputedBytes()
  var translatedNodes = 0
  var nestedBytes = 0

  init(_ model: Onnx_ModelProto, externalDataFolder: URL?, fixing fixed: [String: Int] = [:]) throws {
    self.model = model
    self.fixed = fixed
    tensors = ONNXTensorReader(externalData: ONNXExternalData(folder: externalDataFolder))
    var opsets = try Self.opsets(of: model.opsetImport, owner: "The network")
    // The first two format versions had only one operator set, and so did not name it.
    if opsets.isEmpty, (1...2).contains(model.irVersion) { opsets[""] = 1 }
    guard !opsets.isEmpty else {
      throw ModelFormatError(
        .malformed, "The bytes name no operator set.", remedy: "Check that the file is an ONNX network.")
    }
    // A network of other operators alone need not name ONNX's own.
    opset = opsets[""] ?? ONNXFile.readableOpsets.upperBound
    guard model.irVersion <= ONNXOperatorSets.newestFormatVersion else {
      throw ModelFormatError(
        .unsupportedVersion,
        "The network has format version \(model.irVersion); up to \(ONNXOperatorSets.newestFormatVersion) are read.",
        remedy: "Export it again with an older format version (10, say).")
    }
    functions = try Self.functions(of: model)
    readNames = Self.readNames(of: model)
    let graph = model.graph
    valueNames = ONNXNames(
      taken: Set(graph.input.map(\.name) + graph.initializer.map(\.name) + graph.sparseInitializer.map(\.values.name))
        .union(graph.node.flatMap(\.output)))
    scopes = [ONNXScope(.network, opsets: opsets.merging(["": opset]) { own, _ in own })]
  }

  mutating func graph() throws -> Graph {
    try readInitializers(model.graph)
    try readInputs()
    try translate(model.graph.node)
    let outputs = try readOutputs()
    let read = Set(nodes.flatMap(\.inputs) + outputs.map(\.name))
    let graph = Graph(
      name: model.graph.name, inputs: inputs, outputs: outputs, nodes: nodes,
      weights: weights.filter { read.contains($0.key) },
      metadata: Self.metadata(of: model),
      opset: opset)
    do {
      try graph.validate()
    } catch let error as GraphError {
      throw ModelFormatError(.malformed, error.message, remedy: error.remedy)
    }
    return graph
  }

  /// Operator sets by domain. Throws `ModelFormatError(.unsupportedVersion)` for one of ONNX's own that we do not read.
  static func opsets(of imports: [Onnx_OperatorSetIdProto], owner: String) throws -> [String: Int] {
    var result: [String: Int] = [:]
    for entry in imports {
      let domain = normalized(domain: entry.domain)
      if domain.isEmpty {
        let range = ONNXFile.readableOpsets
        guard let version = Int(exactly: entry.version), range.contains(version) else {
          throw ModelFormatError(
            .unsupportedVersion,
            "\(owner) uses operator set \(entry.version); \(range.lowerBound) to \(range.upperBound) are read.",
            remedy: "Export it again with another operator set (17, say).")
        }
      }
      result[domain] = Int(clamping: entry.version)
    }
    return result
  }

  /// The file's notes by their keys; of two with one key the last.
  static func metadata(of model: Onnx_ModelProto) -> [String: String] {
    Dictionary(model.metadataProps.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
  }

  /// "ai.onnx" is another name of ONNX's own domain.
  static func normalized(domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  private static func readNames(of model: Onnx_ModelProto) -> Set<String> {
    var names = Set(model.graph.output.map(\.name))
    func note(_ nodes: [Onnx_NodeProto]) {
      for node in nodes {
        names.formUnion(node.input)
        for attribute in node.attribute where attribute.hasG {
          names.formUnion(attribute.g.output.map(\.name))
          note(attribute.g.node)
        }
      }
    }
    note(model.graph.node)
    for function in model.functions {
      names.formUnion(function.output)
      note(function.node)
    }
    return names
  }
}
