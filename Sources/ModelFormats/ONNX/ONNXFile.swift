import Foundation
import ModelGraph
import Support
import SwiftProtobuf

/// Networks in ONNX: operator sets 1 to 28 are read as far as `Operator` knows their operators, 18 to 28 are written.
package enum ONNXFile {
  /// What becomes of floating-point numbers that are not float32.
  package enum Precision: Sendable {
    /// They become float32, which is noted in the metadata under "coppice.converted-from".
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

  /// The names of the operators of a network's nodes, in order, whether or not they are known.
  package static func operatorNames(_ url: URL) throws -> [String] {
    try readFormatFile(url, limit: maximumBytes) { try model($0).graph.node.map(\.opType) }
  }

  /// The operator set that `encode` writes: the network's own, unless that is older than 18 or than one of its operators.
  package static func exportedOpset(of graph: Graph) throws -> Int { try ONNXExport(graph).opset() }

  private static func imported(_ bytes: Data, _ folder: URL?, _ fixed: [String: Int]) throws -> Graph {
    var reading = try ONNXImport(try model(bytes), externalDataFolder: folder, fixing: fixed)
    return try reading.graph()
  }

  /// Constants are computed in the types that the file has, before these change.
  private static func canonical(_ graph: Graph) throws -> Graph {
    do {
      let first = try graph.canonical()
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
