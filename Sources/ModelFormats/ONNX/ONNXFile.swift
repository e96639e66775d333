import Foundation
import ModelGraph
import Support
import SwiftProtobuf

/// Networks in ONNX: operator sets 1 to 28 are read as far as `Operator` knows their operators, 18 to 28 are written.
package enum ONNXFile {
  /// What becomes of floating-point numbers that are not float32.
  package enum Precision: Sendable {
    /// They become float32, which is noted in the metadata under "coppice.converted-from"; what is written has the file's types of
    /// inputs and outputs again.
    case float32
    /// They stay as the file has them, and so do all nodes.
    case asWritten
  }

  /// Protocol buffers end at 2 GiB; larger weights must lie in external data.
  package static let maximumBytes = Int(Int32.max)
  /// The version that written files carry beside the producer's name "coppice".
  package static let producerVersion = "0.1.0"
  static let readableOpsets = 1...28
  static let writableOpsets = 18...28

  /// Reads a network and the external data beside it, in its canonical form (`Graph.canonical`) unless it shall stay as
  /// written. Throws `ModelFormatError`, whose message begins with the path.
  ///
  /// `fixed` gives values to inputs of one integer, which are then no inputs any more, and sizes to symbolic axes.
  package static func read(_ url: URL, precision: Precision = .float32, fixing fixed: [String: Int] = [:]) throws
    -> Graph
  {
    let folder = url.deletingLastPathComponent()
    return try readFormatFile(url, limit: maximumBytes) { bytes in
      let graph = try imported(bytes, folder, fixed)
      switch precision {
      case .asWritten: return graph
      case .float32: return try canonical(graph)
      }
    }
  }

  /// The network in `bytes`, node by node as it is there; external data is read from plain files in `externalDataFolder`
  /// only, and refused when that is nil.
  package static func decode(
    _ bytes: Data, externalDataFolder: URL? = nil, precision: Precision = .float32, fixing fixed: [String: Int] = [:]
  ) throws -> Graph {
    let graph = try imported(bytes, externalDataFolder, fixed)
    switch precision {
    case .asWritten: return graph
    case .float32: return try graph.convertingFloats()
    }
  }

  /// The network as `read` would give it from a file that `write` made of it, without the file: what only the form of a file
  /// changes is equal then. A network above 2 GiB comes back as it is.
  package static func reread(_ graph: Graph) throws -> Graph {
    guard fitsInside(graph) else { return graph }
    return try canonical(imported(encode(graph), nil, [:]))
  }

  /// The names of the operators of a network's nodes, in order, whether or not they are known.
  package static func operatorNames(_ url: URL) throws -> [String] {
    try readFormatFile(url, limit: maximumBytes) { try model($0).graph.node.map(\.opType) }
  }

  /// The entries of a network's metadata, without its nodes and weights being looked at.
  package static func metadata(_ url: URL) throws -> [String: String] {
    try readFormatFile(url, limit: maximumBytes) { try ONNXImport.metadata(of: model($0)) }
  }

  /// The bytes of a network's file with those of the files beside it that hold weights of it.
  package static func storedBytes(of url: URL) throws -> Int {
    // The key stands in the file as it is, so most networks need no second reading.
    let (size, mayHaveMore) = try readFormatFile(url, limit: maximumBytes) {
      ($0.count, $0.range(of: Data("location".utf8)) != nil)
    }
    guard mayHaveMore else { return size }
    return dataFiles(of: url).reduce(size) { $0 + ((try? ReadOnlyFile($1.path, followsLinks: false))?.size ?? 0) }
  }

  /// The files beside a network that hold weights of it, by name; none where the network cannot be read. Reads the network.
  package static func dataFiles(of url: URL) -> [URL] {
    guard let network = try? readFormatFile(url, limit: maximumBytes, { try model($0) }) else { return [] }
    var found: Set<String> = []
    func look(at tensor: Onnx_TensorProto) {
      found.formUnion(tensor.externalData.lazy.filter { $0.key == "location" }.map(\.value))
    }
    func look(at nodes: [Onnx_NodeProto]) {
      for attribute in nodes.lazy.flatMap(\.attribute) {
        if attribute.hasT { look(at: attribute.t) }
        if attribute.hasG { look(in: attribute.g) }
      }
    }
    func look(in graph: Onnx_GraphProto) {
      graph.initializer.forEach(look(at:))
      look(at: graph.node)
    }
    look(in: network.graph)
    for function in network.functions { look(at: function.node) }
    return found.sorted().map { url.deletingLastPathComponent().appendingPathComponent($0) }
  }

  /// The operator set that `encode` writes: the network's own, unless that is older than 18 or than one of its operators.
  package static func exportedOpset(of graph: Graph) throws -> Int { try ONNXExport(graph).opset() }

  private static func imported(_ bytes: Data, _ folder: URL?, _ fixed: [String: Int]) throws -> Graph {
    var reading = try ONNXImport(try model(bytes), externalDataFolder: folder, fixing: fixed)
    let graph = try reading.graph()
    do {
      return try graph.unpackingPositions()
    } catch let error as GraphError {
      throw ModelFormatError(.malformed, error.message, remedy: error.remedy)
    }
  }

  /// Constants are computed in the types that the file has, before these change.
  private static func canonical(_ graph: Graph) throws -> Graph {
    do {
      // Our own casts first, so that no constant is made of them.
      let first = try graph.wideningWeights().canonical()
      let converted = try first.convertingFloats()
      return converted == first ? first : try converted.canonical()
    } catch let error as GraphError {
      throw ModelFormatError(.malformed, error.message, remedy: error.remedy)
    }
  }

  private static func model(_ bytes: Data) throws -> Onnx_ModelProto {
    guard bytes.count <= maximumBytes else {
      throw ModelFormatError(
        .tooLarge, "The network has \(Units.bytes(bytes.count)); at most \(Units.bytes(maximumBytes)) are read.")
    }
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    do {
      return try Onnx_ModelProto(serializedBytes: bytes, options: options)
    } catch {
      throw ModelFormatError(
        .malformed, "These \(bytes.count) bytes are not an ONNX model (\(error)).",
        remedy: "Check that the file is whole and was written by an ONNX exporter.")
    }
  }
}
