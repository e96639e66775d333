import Foundation

/// Little-endian numbers at checked positions of some bytes.
struct ByteReader {
  private let data: Data

  init(_ data: Data) {
    self.data = data.startIndex == 0 ? data : Data(data)
  }

  var count: Int { data.count }

  func uint16(_ position: Int) throws -> UInt16 { try integer(position) }
  func uint32(_ position: Int) throws -> UInt32 { try integer(position) }

  /// `count` bytes from `position`. Throws `ModelFormatError(.malformed)` where the bytes end before.
  func bytes(_ position: Int, _ count: Int) throws -> Data {
    guard position >= 0, count >= 0, case (let end, false) = position.addingReportingOverflow(count), end <= data.count
    else {
      throw ModelFormatError(
        .malformed, "The file has \(data.count) bytes, but \(count) are to be read at \(position).",
        remedy: "Check that the file is whole.")
    }
    return Data(data[position..<end])
  }

  private func integer<Value: FixedWidthInteger>(_ position: Int) throws -> Value {
    try bytes(position, MemoryLayout<Value>.size).withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(as: Value.self))
    }
  }
}
