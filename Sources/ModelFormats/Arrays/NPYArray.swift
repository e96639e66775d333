import Foundation
import ModelGraph

/// One array in NumPy's format: a magic, a version, a header in Python's notation, then the bytes.
enum NPYArray {
  private static let magic = Data([0x93]) + Data("NUMPY".utf8)
  private static let maximumRank = 32

  /// NumPy's letters of our types. It has none for bfloat16 and for numbers of 8 bits and less but its own: these are raw bytes to it,
  /// "V2" and "V1", as NumPy itself writes the arrays of the package ml_dtypes.
  private static let letters: [ElementType: String] = [
    .float64: "f8", .float32: "f4", .float16: "f2", .int64: "i8", .int32: "i4", .int16: "i2", .int8: "i1",
    .uint64: "u8", .uint32: "u4", .uint16: "u2", .uint8: "u1", .bool: "b1",
  ]

  /// What raw bytes are read as.
  private static let rawTypes: [String: ElementType] = ["V2": .uint16, "V1": .uint8]

  /// The array, in row-major order even where the file holds columns first; raw bytes of one or two a number are unsigned integers.
  /// Throws `ModelFormatError` naming `owner`.
  static func decode(_ bytes: Data, owner: String) throws -> TensorData {
    let reader = ByteReader(bytes)
    guard try reader.bytes(0, 8).prefix(6) == magic else {
      throw ModelFormatError(.malformed, "\(owner) is not an array of NumPy.")
    }
    let major = try reader.bytes(6, 1)[0]
    guard (1...3).contains(major) else {
      throw ModelFormatError(.unsupportedVersion, "\(owner) is of version \(major) of NumPy's format; 1 to 3 are read.")
    }
    let lengthBytes = major == 1 ? 2 : 4
    let headerLength = major == 1 ? Int(try reader.uint16(8)) : Int(try reader.uint32(8))
    guard headerLength <= 1 << 16 else {
      throw ModelFormatError(.malformed, "\(owner) has a header of \(headerLength) bytes.")
    }
    let start = 8 + lengthBytes
    let header = String(decoding: try reader.bytes(start, headerLength), as: UTF8.self)
    let (type, columnsFirst, shape) = try parse(header, owner: owner)
    let content = try reader.bytes(start + headerLength, reader.count - start - headerLength)
    do {
      if columnsFirst, shape.count > 1 {
        return try rowsFirst(try TensorData(type, shape: shape.reversed(), bytes: content))
      }
      return try TensorData(type, shape: shape, bytes: content)
    } catch let error as GraphError {
      throw ModelFormatError(.malformed, "\(owner) does not fit its bytes: \(error.message)")
    }
  }

  static func encode(_ data: TensorData, owner: String) throws -> Data {
    let letters = letters[data.elementType] ?? "V\(data.elementType.byteCount)"
    let order = data.elementType.byteCount == 1 ? "|" : "<"
    let axes = data.shape.map { "\($0)" }.joined(separator: ", ")
    let shape = data.shape.count == 1 ? "(\(axes),)" : "(\(axes))"
    var header = "{'descr': '\(order)\(letters)', 'fortran_order': False, 'shape': \(shape), }"
    // The header ends in a line feed and at a multiple of 64 bytes.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    guard header.utf8.count <= 0xffff else {
      throw ModelFormatError(.tooLarge, "\(owner) has \(data.shape.count) axes.")
    }
    let length = UInt16(header.utf8.count)
    return magic + Data([1, 0, UInt8(length & 0xff), UInt8(length >> 8)]) + Data(header.utf8) + data.bytes
  }

  /// The three entries of `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
  private static func parse(_ header: String, owner: String) throws -> (ElementType, columnsFirst: Bool, [Int]) {
    func failure(_ what: String) -> ModelFormatError {
      ModelFormatError(.malformed, "\(owner) \(what) in its header: \(header.prefix(200)).")
    }
    guard let description = header.firstMatch(of: /'descr'\s*:\s*'([^']*)'/)?.1 else {
      throw failure(header.contains("'descr'") ? "has a structured element type" : "has no element type")
    }
    guard let order = header.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/)?.1 else {
      throw failure("has no order")
    }
    guard let axes = header.firstMatch(of: /'shape'\s*:\s*\(([0-9,\s]*)\)/)?.1 else { throw failure("has no shape") }
    let shape = try axes.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map { text in
      guard let size = Int(text), size <= Int(Int32.max) else { throw failure("has an axis of \(text)") }
      return size
    }
    guard shape.count <= maximumRank else { throw failure("has \(shape.count) axes") }
    let known = letters.first { $0.value == description.dropFirst() }?.key
    guard let type = known ?? Self.rawTypes[String(description.dropFirst())], let first = description.first,
      first == "<" || (type.byteCount == 1 && "|>=".contains(first)) || (known == nil && first == "|")
    else {
      throw ModelFormatError(
        .unsupportedType, "\(owner) holds elements of type '\(description)'.",
        remedy: "Known are little-endian numbers and booleans; objects are never read.")
    }
    return (type, order == "True", shape)
  }

  /// The transpose of an array, all axes in reverse.
  private static func rowsFirst(_ reversed: TensorData) throws -> TensorData {
    let shape = Array(reversed.shape.reversed())
    let size = reversed.elementType.byteCount
    guard !reversed.bytes.isEmpty else { return reversed.reshaped(to: shape) }
    // Where one step along each axis leads in the bytes as they are.
    var strides = Array(repeating: size, count: shape.count)
    for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var result = Data(count: reversed.bytes.count)
    var index = Array(repeating: 0, count: shape.count)
    result.withUnsafeMutableBytes { target in
      reversed.bytes.withUnsafeBytes { (source: UnsafeRawBufferPointer) in
        var offset = 0
        for position in stride(from: 0, to: target.count, by: size) {
          for byte in 0..<size { target[position + byte] = source[offset + byte] }
          var axis = shape.count - 1
          while axis >= 0 {
            index[axis] += 1
            offset += strides[axis]
            if index[axis] < shape[axis] { break }
            offset -= strides[axis] * shape[axis]
            index[axis] = 0
            axis -= 1
          }
        }
      }
    }
    return try TensorData(reversed.elementType, shape: shape, bytes: result)
  }
}
