import Foundation
import ModelGraph
import Support

/// Named tensors in the safetensors format: a length, a JSON header of names and ranges, then the bytes of all tensors.
package enum SafetensorsFile {
  /// Room for several hundred thousand tensors; a longer header is not one.
  package static let maximumHeaderBytes = 32 << 20
  package static let maximumBytes = 64 << 30

  /// The tensors of a file. Throws `ModelFormatError`, whose message begins with the path.
  package static func read(_ url: URL) throws -> [String: TensorData] {
    try readFormatFile(url, limit: maximumBytes) { try decode($0).tensors }
  }

  /// The tensors and the free words of the header.
  ///
  /// Throws `ModelFormatError` unless the tensors lie one behind the other, without gaps or overlaps, and fill the
  /// file.
  package static func decode(_ bytes: Data) throws -> (tensors: [String: TensorData], metadata: [String: String]) {
    let bytes = bytes.startIndex == 0 ? bytes : Data(bytes)
    guard bytes.count >= 8 else {
      throw malformed("A safetensors file begins with 8 bytes of length; this one has \(bytes.count) bytes in all.")
    }
    let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(maximumHeaderBytes) else {
      throw ModelFormatError(
        .tooLarge, "The header says that it has \(length) bytes; at most \(maximumHeaderBytes) are read.",
        remedy: "Check that this is a safetensors file.")
    }
    let start = 8 + Int(length)
    guard start <= bytes.count else {
      throw malformed("The header of \(length) bytes does not fit the \(bytes.count) bytes of the file.")
    }
    let header: [String: HeaderEntry]
    do {
      header = try JSONDecoder().decode([String: HeaderEntry].self, from: bytes[8..<start])
    } catch let error as ModelFormatError {
      throw error
    } catch {
      throw malformed("The header of \(length) bytes is not the JSON of a safetensors file (\(error)).")
    }
    return try read(header, payload: bytes[start...])
  }

  private static func read(
    _ header: [String: HeaderEntry], payload: Data
  ) throws -> (tensors: [String: TensorData], metadata: [String: String]) {
    var metadata: [String: String] = [:]
    var entries: [(name: String, entry: TensorEntry)] = []
    for (name, value) in header {
      switch value {
      case .words(let words) where name == "__metadata__": metadata = words
      case .tensor(let entry) where name != "__metadata__": entries.append((name, entry))
      default: throw malformed("The header's entry '\(name)' is neither a tensor nor the file's metadata.")
      }
    }
    entries.sort { ($0.entry.begin, $0.entry.end, $0.name) < ($1.entry.begin, $1.entry.end, $1.name) }
    var tensors: [String: TensorData] = [:]
    var position = 0
    for (name, entry) in entries {
      guard entry.begin == position, entry.end >= entry.begin, entry.end <= payload.count else {
        throw malformed(
          "The tensor '\(name)' lies at \(entry.begin)..<\(entry.end) of \(payload.count) bytes; it should begin at \(position)."
        )
      }
      guard let type = safetensorsTypes.first(where: { $0.value == entry.type })?.key else {
        throw ModelFormatError(
          .unsupportedType, "The tensor '\(name)' holds elements of type '\(entry.type)'.",
          remedy: "Known are \(safetensorsTypes.values.sorted().joined(separator: ", ")).")
      }
      let part = Data(payload[(payload.startIndex + entry.begin)..<(payload.startIndex + entry.end)])
      do {
        tensors[name] = try TensorData(type, shape: entry.shape, bytes: part)
      } catch let error as GraphError {
        throw malformed("The tensor '\(name)' does not fit its bytes: \(error.message)")
      }
      position = entry.end
    }
    guard position == payload.count else {
      throw malformed("Behind the last tensor follow \(payload.count - position) bytes that belong to none.")
    }
    return (tensors, metadata)
  }

  /// A file with these tensors, larger elements first (so that each is aligned) and then by name; equal values give
  /// equal bytes.
  package static func encode(_ tensors: [String: TensorData], metadata: [String: String] = [:]) throws -> Data {
    guard tensors["__metadata__"] == nil else { throw malformed("A tensor cannot have the name '__metadata__'.") }
    let ordered = tensors.sorted {
      ($1.value.elementType.byteCount, $0.key) < ($0.value.elementType.byteCount, $1.key)
    }
    var header: [String: HeaderEntry] = [:]
    if !metadata.isEmpty { header["__metadata__"] = .words(metadata) }
    var position = 0
    for (name, data) in ordered {
      guard let type = safetensorsTypes[data.elementType] else {
        throw ModelFormatError(
          .unsupportedType,
          "The tensor '\(name)' has the type \(data.elementType.rawValue), which safetensors does not have.")
      }
      header[name] = .tensor(
        TensorEntry(type: type, shape: data.shape, begin: position, end: position + data.bytes.count))
      position += data.bytes.count
    }
    var text = try CanonicalBytes.encode(header)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    var result = Data(capacity: 8 + text.count + position)
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { result.append(contentsOf: $0) }
    result.append(text)
    for (_, data) in ordered { result.append(data.bytes) }
    return result
  }

  /// True for element types that the format has a word for.
  static func holds(_ type: ElementType) -> Bool { safetensorsTypes[type] != nil }

  private static func malformed(_ message: String) -> ModelFormatError {
    ModelFormatError(.malformed, message, remedy: "Check that the file is whole and a safetensors file.")
  }
}

private let safetensorsTypes: [ElementType: String] = [
  .float64: "F64", .float32: "F32", .float16: "F16", .bfloat16: "BF16", .int64: "I64", .int32: "I32", .int16: "I16",
  .int8: "I8", .uint64: "U64", .uint32: "U32", .uint16: "U16", .uint8: "U8", .bool: "BOOL",
]

private struct TensorEntry: Codable {
  let type: String
  let shape: [Int]
  let begin: Int
  let end: Int

  enum CodingKeys: String, CodingKey {
    case type = "dtype"
    case shape
    case offsets = "data_offsets"
  }

  init(type: String, shape: [Int], begin: Int, end: Int) {
    self.type = type
    self.shape = shape
    self.begin = begin
    self.end = end
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    type = try container.decode(String.self, forKey: .type)
    shape = try container.decode([Int].self, forKey: .shape)
    let offsets = try container.decode([Int].self, forKey: .offsets)
    guard offsets.count == 2, offsets[0] >= 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: .offsets, in: container, debugDescription: "data_offsets are \(offsets.prefix(4))")
    }
    (begin, end) = (offsets[0], offsets[1])
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try container.encode(shape, forKey: .shape)
    try container.encode([begin, end], forKey: .offsets)
  }
}

/// A value of the header: a tensor's place, or the words under "__metadata__".
private enum HeaderEntry: Codable {
  case tensor(TensorEntry)
  case words([String: String])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let words = try? container.decode([String: String].self) {
      self = .words(words)
    } else {
      self = .tensor(try container.decode(TensorEntry.self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .tensor(let entry): try container.encode(entry)
    case .words(let words): try container.encode(words)
    }
  }
}
