import Foundation
import ModelGraph
import Support
import SwiftProtobuf

/// Networks in ONNX: operator sets 7 and newer are read as far as `Operator` knows their operators, 13 to 20 are
/// written.
package enum ONNXFile {
  /// Protocol buffers end at 2 GiB; larger weights must lie in external data.
  package static let maximumBytes = Int(Int32.max)
  /// The version that written files carry beside the producer's name "coppice".
  package static let producerVersion = "0.1.0"
  static let readableOpsets = 7...
  static let writableOpsets = 13...20

  /// Reads a network and the external data beside it. Throws `ModelFormatError`, whose message begins with the path.
  package static func read(_ url: URL) throws -> Graph {
    let folder = url.deletingLastPathComponent()
    return try readFormatFile(url, limit: maximumBytes) { try decode($0, externalDataFolder: folder) }
  }

  /// The network in `bytes`; external data is read from plain files in `externalDataFolder` only, and refused when that
  /// is nil.
  ///
  /// Floating-point weights of other types become float32, noted in the metadata under "coppice.converted-from".
  package static func decode(_ bytes: Data, externalDataFolder: URL? = nil) throws -> Graph {
    guard bytes.count <= maximumBytes else {
      throw ModelFormatError(
        .tooLarge, "The network has \(Units.bytes(bytes.count)); at most \(Units.bytes(maximumBytes)) are read.")
    }
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    let model: Onnx_ModelProto
    do {
      model = try Onnx_ModelProto(serializedBytes: bytes, options: options)
    } catch {
      throw ModelFormatError(
        .malformed, "These \(bytes.count) bytes are not an ONNX model (\(error)).",
        remedy: "Check that the file is whole and was written by an ONNX exporter.")
    }
    var reading = try ONNXImport(model, externalDataFolder: externalDataFolder)
    return try reading.graph()
  }

  /// The network as an ONNX model with its weights inside; equal networks give equal bytes.
  ///
  /// Throws `GraphError` for a network that does not validate, and `ModelFormatError(.tooLarge)` above 2 GiB.
  package static func encode(_ graph: Graph) throws -> Data {
    try graph.validate()
    let held = graph.weights.values.reduce(0) { $0 + $1.bytes.count }
    guard held < maximumBytes - (64 << 20) else {
      throw ModelFormatError(.tooLarge, "The weights take \(Units.bytes(held)); an ONNX file ends at 2 GiB.")
    }
    var writing = ONNXExport(graph)
    do {
      return try writing.model().serializedBytes()
    } catch let error as BinaryEncodingError {
      throw ModelFormatError(.malformed, "The network '\(graph.name)' cannot be written as ONNX (\(error)).")
    }
  }

  /// The operator set that `encode` writes for a network that was read with `opset`.
  package static func exportedOpset(for opset: Int) -> Int {
    min(max(opset, writableOpsets.lowerBound), writableOpsets.upperBound)
  }
}
