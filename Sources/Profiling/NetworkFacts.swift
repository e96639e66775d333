import Foundation
import ModelFormats
import ModelGraph

/// What can be said of a network without running it.
package struct NetworkFacts: Sendable, Hashable {
  package var parameters: Int
  package var nonzeroParameters: Int
  /// Multiply-accumulates of one sample.
  package var macs: Int
  /// Bytes of the exported ONNX file, weights beside it included, without what we note in it of its making.
  package var sizeBytes: Int
  /// Bytes of the weights as safetensors that leave zeros out.
  package var storedBytes: Int

  /// Encodes the network once to know its size.
  package init(of graph: Graph) throws {
    parameters = graph.parameterCount
    nonzeroParameters = graph.nonzeroParameterCount
    macs = try graph.multiplyAccumulates()
    sizeBytes = try ONNXFile.byteCount(of: graph.packingRepeatedWeights().withoutProvenance)
    storedBytes = try SparseTensorFile.storedSize(of: graph)
  }
}
