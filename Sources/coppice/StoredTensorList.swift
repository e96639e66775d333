import Foundation
import ModelFormats
import ModelGraph
import Support

/// What a safetensors file holds and in what form, for `inspect`.
struct StoredTensorList: Encodable {
  struct Entry: Encodable {
    let name: String
    let type: String
    let shape: [Int]
    /// "dense", "bitmask" or "csr".
    let form: String
    let bytes: Int
    let denseBytes: Int
  }

  let tensors: [Entry]
  let metadata: [String: String]

  /// Throws `ModelFormatError`, also for a file that is not there.
  init(path: String) throws {
    let file = try SparseTensorFile.open(URL(fileURLWithPath: path))
    tensors = file.tensors.sorted { $0.key < $1.key }.map { name, tensor in
      let stored = file.forms[name]
      return Entry(
        name: name, type: tensor.elementType.rawValue, shape: tensor.shape, form: (stored?.form ?? .dense).rawValue,
        bytes: stored?.bytes ?? tensor.bytes.count, denseBytes: tensor.bytes.count)
    }
    metadata = file.metadata
  }

  func print(asJSON json: Bool) throws {
    if json { return StandardOutput.write(try PrettyJSON.text(of: self) + "\n") }
    var table = TextTable([
      ("tensor", .left), ("type", .left), ("shape", .left), ("form", .left), ("bytes", .right), ("dense", .right),
    ])
    for tensor in tensors {
      table.add([
        tensor.name, tensor.type, tensor.shape.map(String.init).joined(separator: "x"), tensor.form,
        "\(tensor.bytes)", "\(tensor.denseBytes)",
      ])
    }
    let (bytes, dense) = tensors.reduce((0, 0)) { ($0.0 + $1.bytes, $0.1 + $1.denseBytes) }
    StandardOutput.write("\(tensors.count) tensors in \(Units.bytes(bytes)), \(Units.bytes(dense)) when whole\n\n")
    StandardOutput.write(table.text)
  }
}
