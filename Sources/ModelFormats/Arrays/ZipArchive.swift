import CZlib
import Foundation
import Support

/// Members of a zip file, stored or deflated; read by its central directory, written without compression or times.
enum ZipArchive {
  /// All members together, unpacked.
  static let maximumBytes = 4 << 30

  private static let localSignature: UInt32 = 0x0403_4b50
  private static let centralSignature: UInt32 = 0x0201_4b50
  private static let endSignature: UInt32 = 0x0605_4b50

  /// The members by name, check sums verified. Throws `ModelFormatError`.
  static func members(of bytes: Data) throws -> [String: Data] {
    let reader = ByteReader(bytes)
    let end = try endOfDirectory(reader)
    let count = Int(try reader.uint16(end + 10))
    var position = Int(try reader.uint32(end + 16))
    guard count != 0xffff, position != 0xffff_ffff else {
      throw ModelFormatError(
        .unsupportedForm, "The zip file is of the 64-bit kind.", remedy: "Store fewer or smaller arrays in one file.")
    }
    var result: [String: Data] = [:]
    var packedTotal = 0
    var unpackedTotal = 0
    for _ in 0..<count {
      let entry = try CentralEntry(reader, at: position)
      packedTotal += entry.packedSize
      unpackedTotal += entry.size
      // Members that share bytes would let a small file unpack to any size.
      guard packedTotal <= bytes.count, unpackedTotal <= maximumBytes else {
        throw ModelFormatError(
          .tooLarge, "The members of the zip file take \(unpackedTotal) bytes, \(packedTotal) of them packed.")
      }
      guard result[entry.name] == nil else { throw malformed("The zip file holds '\(entry.name)' twice.") }
      result[entry.name] = try content(of: entry, reader)
      position = entry.next
    }
    return result
  }

  private struct CentralEntry {
    let name: String
    let method: UInt16
    let checksum: UInt32
    let packedSize: Int
    let size: Int
    let offset: Int
    let next: Int

    init(_ reader: ByteReader, at position: Int) throws {
      guard try reader.uint32(position) == centralSignature else {
        throw malformed("The zip file's directory is broken at byte \(position).")
      }
      let nameLength = Int(try reader.uint16(position + 28))
      name = String(decoding: try reader.bytes(position + 46, nameLength), as: UTF8.self)
      guard try reader.uint16(position + 8) & 1 == 0 else {
        throw ModelFormatError(.unsupportedForm, "The zip member '\(name)' is encrypted.")
      }
      method = try reader.uint16(position + 10)
      checksum = try reader.uint32(position + 16)
      packedSize = Int(try reader.uint32(position + 20))
      size = Int(try reader.uint32(position + 24))
      offset = Int(try reader.uint32(position + 42))
      next = position + 46 + nameLength + Int(try reader.uint16(position + 30)) + Int(try reader.uint16(position + 32))
    }
  }

  private static func content(of entry: CentralEntry, _ reader: ByteReader) throws -> Data {
    guard try reader.uint32(entry.offset) == localSignature else {
      throw malformed("The zip member '\(entry.name)' is not at byte \(entry.offset).")
    }
    let start =
      entry.offset + 30 + Int(try reader.uint16(entry.offset + 26)) + Int(try reader.uint16(entry.offset + 28))
    let packed = try reader.bytes(start, entry.packedSize)
    let content: Data
    switch entry.method {
    case 0: content = packed
    // Deflate makes at most 1032 bytes of one.
    case 8 where entry.size <= 1032 * entry.packedSize + 64: content = try inflated(packed, size: entry.size)
    case 8: throw malformed("The zip member '\(entry.name)' says that it unpacks to \(entry.size) bytes.")
    default:
      throw ModelFormatError(
        .unsupportedForm, "The zip member '\(entry.name)' is packed by method \(entry.method).",
        remedy: "Store it without compression, or with deflate.")
    }
    guard content.count == entry.size, checksum(content) == entry.checksum else {
      throw malformed("The zip member '\(entry.name)' does not have its stated length or check sum.")
    }
    return content
  }

  private static func endOfDirectory(_ reader: ByteReader) throws -> Int {
    let last = reader.count - 22
    guard last >= 0 else { throw malformed("These \(reader.count) bytes are too few for a zip file.") }
    for position in stride(from: last, through: max(0, last - 0xffff), by: -1)
    where try reader.uint32(position) == endSignature {
      return position
    }
    throw malformed("These \(reader.count) bytes are not a zip file.")
  }

  private static func inflated(_ packed: Data, size: Int) throws -> Data {
    var result = Data(count: size)
    var written = 0
    let status = packed.withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        // An empty buffer has no address.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { spare in
          coppice_inflate(
            source.bindMemory(to: UInt8.self).baseAddress ?? UnsafePointer(spare.baseAddress), source.count,
            target.bindMemory(to: UInt8.self).baseAddress ?? spare.baseAddress, target.count, &written)
        }
      }
    }
    guard status == Int32(COPPICE_CODEC_OK.rawValue), written == size else {
      throw malformed("A zip member of \(packed.count) packed bytes does not unpack to \(size).")
    }
    return result
  }

  static func checksum(_ bytes: Data) -> UInt32 {
    bytes.withUnsafeBytes { coppice_crc32($0.bindMemory(to: UInt8.self).baseAddress, $0.count) }
  }

  /// A zip file of these members, in this order, stored.
  static func archive(_ members: [(name: String, content: Data)]) throws -> Data {
    let total = members.reduce(0) { $0 + $1.content.count + 2 * $1.name.utf8.count + 76 }
    guard total < Int(UInt32.max), members.count < 0xffff else {
      throw ModelFormatError(.tooLarge, "The arrays take \(Units.bytes(total)); a zip file ends at 4 GiB.")
    }
    var file = Data()
    var directory = Data()
    for (name, content) in members {
      // Versions 2.0, flag 11 (the name is UTF-8), stored, and the first day that the format knows.
      var fields = Data()
      fields.append(little: UInt16(20), UInt16(0x0800), UInt16(0), UInt16(0), UInt16(0x0021))
      fields.append(little: checksum(content), UInt32(content.count), UInt32(content.count))
      fields.append(little: UInt16(name.utf8.count), UInt16(0))
      directory.append(little: centralSignature)
      directory.append(little: UInt16(20))
      directory.append(fields)
      directory.append(little: UInt16(0), UInt16(0), UInt16(0))
      directory.append(little: UInt32(0), UInt32(file.count))
      directory.append(Data(name.utf8))
      file.append(little: localSignature)
      file.append(fields)
      file.append(Data(name.utf8))
      file.append(content)
    }
    let start = file.count
    file.append(directory)
    file.append(little: endSignature)
    file.append(little: UInt16(0), UInt16(0), UInt16(members.count), UInt16(members.count))
    file.append(little: UInt32(directory.count), UInt32(start))
    file.append(little: UInt16(0))
    return file
  }

  private static func malformed(_ message: String) -> ModelFormatError {
    ModelFormatError(.malformed, message, remedy: "Check that the file is whole.")
  }
}

extension Data {
  fileprivate mutating func append<Value: FixedWidthInteger>(little values: Value...) {
    for value in values { Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) } }
  }
}
