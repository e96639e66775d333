import Foundation
import ModelGraph
import Support
import SwiftProtobuf

extension ONNXFile {
  /// What the weights inside of one file may take, which leaves room for its nodes.
  package static let largestInside = maximumBytes - (64 << 20)

  /// The network as an ONNX model with its weights inside; equal networks give equal bytes.
  ///
  /// Throws `GraphError` for a network that does not validate, and `ModelFormatError(.tooLarge)` above 2 GiB.
  package static func encode(_ graph: Graph) throws -> Data {
    try graph.validate()
    guard fitsInside(graph) else {
      throw ModelFormatError(
        .tooLarge, "The weights take \(Units.bytes(heldBytes(graph))); an ONNX file ends at 2 GiB.",
        remedy:
          "Commands that write a network put such weights into a file beside it; studies take smaller networks only.")
    }
    return try serialized(ONNXExport(graph))
  }

  /// Writes the network, with weights that repeat themselves packed (`Graph.packingRepeatedWeights`); weights that would take the
  /// file over `largestInside` go to a file beside it, the network's name and ".data". Each file is whole or absent, the network comes last.
  ///
  /// Throws `GraphError` for a network that does not validate, `OutputError` and `FileFault`.
  package static func write(_ graph: Graph, to file: OutputFile, largestInside: Int = largestInside) throws {
    let graph = graph.packingRepeatedWeights()
    guard heldBytes(graph) >= largestInside else { return try file.write(encode(graph)) }
    try graph.validate()
    let weights = try file.beside(suffix: ".data")
    let outside = ONNXOutsideWeights(of: graph, location: try file.target().lastPathComponent + ".data")
    let bytes = try serialized(ONNXExport(graph, outside: outside))
    try weights.write(outside.parts)
    try file.write(bytes)
  }

  /// How many bytes `write` makes, in one file or two.
  package static func byteCount(of graph: Graph) throws -> Int {
    let graph = graph.packingRepeatedWeights()
    if fitsInside(graph) { return try encode(graph).count }
    let outside = ONNXOutsideWeights(of: graph, location: "")
    return try serialized(ONNXExport(graph, outside: outside)).count + outside.byteCount
  }

  /// An identity for the network: the digest of its file, or of its two files, as they would be without packing.
  package static func digest(of graph: Graph) throws -> Digest {
    if fitsInside(graph) { return Digest(of: try encode(graph)) }
    let outside = ONNXOutsideWeights(of: graph, location: "")
    let digests =
      [Digest(of: try serialized(ONNXExport(graph, outside: outside)))] + outside.parts.map { Digest(of: $0) }
    return Digest(of: Data(digests.map(\.hex).joined(separator: "\n").utf8))
  }

  private static func heldBytes(_ graph: Graph) -> Int { graph.weights.values.reduce(0) { $0 + $1.bytes.count } }

  static func fitsInside(_ graph: Graph) -> Bool { heldBytes(graph) < largestInside }

  private static func serialized(_ export: ONNXExport) throws -> Data {
    do {
      return try export.model().serializedBytes()
    } catch let error as BinaryEncodingError {
      throw ModelFormatError(.malformed, "The network cannot be written as ONNX (\(error)).")
    }
  }
}
