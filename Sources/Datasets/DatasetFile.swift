import CZlib
import Foundation
import Support

/// A file of a data set as it lies on the disk: plain, or packed by gzip or xz.
struct DatasetFile {
  private enum Packing: String, CaseIterable {
    case none = ""
    case gzip = ".gz"
    case xz = ".xz"
  }

  /// Positions of examples are 32-bit numbers, and so are sizes; also the bound for packed bytes.
  static let maximumBytes = Int(Int32.max)

  /// Where a file may lie, by its packing.
  static func paths(of name: String, in folder: URL) -> [String] {
    Packing.allCases.map { folder.appendingPathComponent(name + $0.rawValue).path }
  }

  let path: String
  private let packing: Packing
  private let packed: Data

  /// The first that exists of `name`, `name.gz` and `name.xz` in `folder`. Throws `DatasetError` naming them.
  init(_ name: String, in folder: URL) throws {
    for packing in Packing.allCases {
      let path = folder.appendingPathComponent(name + packing.rawValue).path
      guard FileManager.default.fileExists(atPath: path) else { continue }
      do {
        let file = try ReadOnlyFile(path)
        guard file.size <= Self.maximumBytes else {
          throw DatasetError(.tooLarge, "'\(path)' has \(Units.bytes(file.size)).")
        }
        guard file.size > 0 else {
          let empty = InputFileError(emptyFile: path, kind: "file")
          throw DatasetError(.truncated, empty.message, remedy: empty.remedy)
        }
        self.path = path
        self.packing = packing
        packed = try file.readAll()
        return
      } catch let fault as FileFault {
        let error = InputFileError(path, kind: "file", errorNumber: fault.errorNumber)
        throw DatasetError(.unreadable, error.message, remedy: error.remedy)
      }
    }
    try Self.checkFolder(folder)
    throw DatasetError(
      .unreadable, "There is no '\(name)' (or '\(name).gz', or '\(name).xz') in '\(folder.path)'.",
      remedy: "Check the folder; Fashion-MNIST comes with Debian's package dataset-fashion-mnist.")
  }

  /// Throws where no file of the folder can be seen: it is not there, is no folder, or is closed to this user.
  private static func checkFolder(_ folder: URL) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), !isFolder.boolValue {
      throw DatasetError(
        .unreadable, "'\(folder.path)' is a file, not a folder with data.",
        remedy: "Name the folder that holds the file.")
    }
    guard access(folder.path, R_OK | X_OK) != 0 else { return }
    let error = InputFileError(folder.path, kind: "data folder", errorNumber: errno)
    throw DatasetError(
      .unreadable, error.message,
      remedy: error.code == .missing
        ? "Check the path; Fashion-MNIST comes with Debian's package dataset-fashion-mnist." : error.remedy)
  }

  /// The first bytes of the contents, as many as there are up to `count`.
  func prefix(_ count: Int) throws -> Data {
    try unpacked(upTo: count).bytes
  }

  /// The contents, which must be exactly `count` bytes. Throws `DatasetError` for fewer, and for bytes that follow.
  func contents(count: Int, meaning: String) throws -> Data {
    let (bytes, isWhole) = try unpacked(upTo: count)
    guard bytes.count == count else {
      throw DatasetError(
        .truncated, "'\(path)' ends after \(bytes.count) bytes; \(meaning) take \(count).",
        remedy: "Fetch the file again.")
    }
    guard isWhole else {
      throw DatasetError(
        .malformed, "'\(path)' goes on behind byte \(count), where \(meaning) end.", remedy: "Fetch the file again.")
    }
    return bytes
  }

  private func unpacked(upTo count: Int) throws -> (bytes: Data, isWhole: Bool) {
    guard packing != .none else { return (Data(packed.prefix(count)), packed.count <= count) }
    // Deflate makes at most 1032 bytes of one: a broken header cannot make us hold more.
    var result = Data(count: packing == .gzip ? min(count, 1032 * packed.count + 64) : count)
    var written = 0
    let status = packed.withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { spare in
          // An empty buffer has no address.
          let from = source.bindMemory(to: UInt8.self).baseAddress ?? UnsafePointer(spare.baseAddress)
          let to = target.bindMemory(to: UInt8.self).baseAddress ?? spare.baseAddress
          return packing == .gzip
            ? coppice_gunzip(from, source.count, to, target.count, &written)
            : coppice_unxz(from, source.count, to, target.count, &written)
        }
      }
    }
    result.count = written
    switch coppice_codec_status(UInt32(status)) {
    case COPPICE_CODEC_OK: return (result, true)
    case COPPICE_CODEC_OVERFLOW: return (result, false)
    case COPPICE_CODEC_TRUNCATED:
      throw DatasetError(
        .truncated, "'\(path)' ends in the middle of its packed contents, after \(packed.count) bytes.",
        remedy: "Fetch the file again.")
    case COPPICE_CODEC_NO_MEMORY:
      throw DatasetError(.unreadable, "There is no memory to unpack '\(path)'.", remedy: "Unpack it beforehand.")
    default:
      throw DatasetError(
        .malformed, "'\(path)' is damaged: its packed contents are not \(packing.rawValue.dropFirst()) data.",
        remedy: "Fetch the file again.")
    }
  }
}
