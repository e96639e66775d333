import Foundation
import ModelGraph
import Support

/// Named tensors as safetensors, those with many zeros in a form that leaves them out. Exact both ways for every element type: only
/// elements of zero bytes are left out, so a negative zero stays.
///
/// The file is one of safetensors. Its metadata holds under "coppice.sparse" a JSON object of the tensors that are not stored as
/// they are: the form, the element type and the shape of each; their parts are tensors named `NAME/values`, `NAME/mask`,
/// `NAME/columns` and `NAME/rows`. All other tensors, and files without that entry, are plain.
package enum SparseTensorFile {
  static let metadataKey = "coppice.sparse"

  /// The tensors of a file, sparse or not. Throws `ModelFormatError`, whose message begins with the path.
  package static func read(_ url: URL) throws -> [String: TensorData] {
    try open(url).tensors
  }

  /// The same with how each tensor is stored, and the free words of the header.
  package static func open(
    _ url: URL
  ) throws -> (tensors: [String: TensorData], forms: [String: StoredTensor], metadata: [String: String]) {
    try readFormatFile(url, limit: SafetensorsFile.maximumBytes) { try decode($0) }
  }

  /// The tensors whole, how each was stored, and the free words of the header.
  package static func decode(
    _ bytes: Data
  ) throws -> (tensors: [String: TensorData], forms: [String: StoredTensor], metadata: [String: String]) {
    var (stored, metadata) = try SafetensorsFile.decode(bytes)
    var tensors: [String: TensorData] = [:]
    var forms: [String: StoredTensor] = [:]
    if let text = metadata.removeValue(forKey: metadataKey) {
      let entries: [String: SparseEntry]
      do {
        entries = try JSONDecoder().decode([String: SparseEntry].self, from: Data(text.utf8))
      } catch {
        throw SparseTensor.malformed("The metadata entry '\(metadataKey)' is not the JSON of sparse tensors.")
      }
      for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
        var parts: [SparseTensor.Part: TensorData] = [:]
        for part in entry.form.parts {
          guard let tensor = stored.removeValue(forKey: part.name(of: name)) else {
            throw SparseTensor.malformed("The tensor '\(part.name(of: name))' is missing.")
          }
          parts[part] = tensor
        }
        let sparse = SparseTensor(form: entry.form, elementType: entry.type, shape: entry.shape, parts: parts)
        guard tensors.updateValue(try sparse.dense(named: name), forKey: name) == nil else {
          throw SparseTensor.malformed("The tensor '\(name)' is there twice.")
        }
        forms[name] = StoredTensor(form: entry.form, bytes: sparse.byteCount)
      }
    }
    for (name, tensor) in stored {
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw SparseTensor.malformed("The tensor '\(name)' is there twice.")
      }
      forms[name] = StoredTensor(form: .dense, bytes: tensor.bytes.count)
    }
    return (tensors, forms, metadata)
  }

  /// A file with each tensor in its smallest form; equal values give equal bytes. Without zeros it is plain safetensors.
  package static func encode(_ tensors: [String: TensorData], metadata: [String: String] = [:]) throws -> Data {
    guard metadata[metadataKey] == nil else {
      throw SparseTensor.malformed("The metadata cannot have the entry '\(metadataKey)' already.")
    }
    var stored: [String: TensorData] = [:]
    var entries: [String: SparseEntry] = [:]
    for name in tensors.keys.sorted() {
      guard let tensor = tensors[name] else { continue }
      let sparse = SparseTensor(smallestOf: tensor)
      let isPlain = sparse.form == .dense && SafetensorsFile.holds(tensor.elementType)
      if !isPlain { entries[name] = SparseEntry(form: sparse.form, type: tensor.elementType, shape: tensor.shape) }
      for (part, data) in sparse.parts {
        let key = isPlain ? name : part.name(of: name)
        guard stored.updateValue(data, forKey: key) == nil else {
          throw SparseTensor.malformed("Two tensors would have the name '\(key)'.")
        }
      }
    }
    var metadata = metadata
    if !entries.isEmpty {
      metadata[metadataKey] = String(decoding: try CanonicalBytes.encode(entries), as: UTF8.self)
    }
    return try SafetensorsFile.encode(stored, metadata: metadata)
  }

  /// Bytes that a network's learned weights and measured statistics take in this format.
  package static func storedSize(of graph: Graph) throws -> Int {
    let roles = graph.weightRoles()
    return try encode(graph.weights.filter { roles[$0.key] == .trainable || roles[$0.key] == .statistic }).count
  }
}

/// How a tensor lies in a file.
package struct StoredTensor: Sendable, Hashable {
  package var form: SparseForm
  /// Without the header.
  package var bytes: Int
}

/// A way to leave zeros out; the raw value is its word in files.
package enum SparseForm: String, Sendable, Hashable, Codable {
  /// All elements.
  case dense
  /// One bit for each element, the first the lowest, and the elements whose bit is set.
  case bitmask
  /// Compressed rows of the matrix `[first axis, all others]`: where each row's elements begin, and the column of each.
  case compressedRows = "csr"

  var parts: [SparseTensor.Part] {
    switch self {
    case .dense: [.values]
    case .bitmask: [.values, .mask]
    case .compressedRows: [.values, .columns, .rows]
    }
  }
}

private struct SparseEntry: Codable {
  var form: SparseForm
  var type: ElementType
  var shape: [Int]
}
