import Foundation
import ModelGraph
import Support
import SwiftProtobuf

/// Single tensors in files of their own, as the test data of ONNX networks are kept.
package enum ONNXTensorFile {
  /// Throws `ModelFormatError`, whose message begins with the path. The name is empty where the file has none.
  package static func read(_ url: URL) throws -> (name: String, data: TensorData) {
    try readFormatFile(url, limit: ONNXFile.maximumBytes) { try decode($0) }
  }

  package static func decode(_ bytes: Data) throws -> (name: String, data: TensorData) {
    let proto: Onnx_TensorProto
    do {
      proto = try Onnx_TensorProto(serializedBytes: bytes)
    } catch {
      throw ModelFormatError(.malformed, "These \(bytes.count) bytes are not an ONNX tensor (\(error)).")
    }
    let reader = ONNXTensorReader(externalData: ONNXExternalData(folder: nil))
    return (proto.name, try reader.read(proto, owner: "The tensor '\(proto.name)'"))
  }

  package static func encode(_ data: TensorData, name: String = "") throws -> Data {
    try Onnx_TensorProto(name, data).serializedBytes()
  }
}
