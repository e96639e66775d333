import CZlib
import Foundation

/// A folder of small data set files, removed after use.
struct ScratchDataset {
  let folder: URL

  static func with<Result>(_ body: (ScratchDataset) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("datasets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(ScratchDataset(folder: url))
  }

  func write(_ name: String, _ bytes: Data) throws {
    try bytes.write(to: folder.appendingPathComponent(name))
  }

  /// An IDX file of bytes with these sizes behind the magic.
  static func idx(magic: UInt32, sizes: [UInt32], _ content: [UInt8]) -> Data {
    var result = Data()
    for word in [magic] + sizes { withUnsafeBytes(of: word.bigEndian) { result.append(contentsOf: $0) } }
    return result + Data(content)
  }

  /// Images of 2x3 pixels: image n holds the bytes 10 n to 10 n + 5.
  static func images(_ count: Int) -> Data {
    idx(magic: 2051, sizes: [UInt32(count), 2, 3], (0..<count).flatMap { n in (0..<6).map { UInt8(10 * n + $0) } })
  }

  static func labels(_ labels: [UInt8]) -> Data { idx(magic: 2049, sizes: [UInt32(labels.count)], labels) }

  /// A whole set: three training images, two test images.
  func writeIDX() throws {
    try write("train-images-idx3-ubyte", Self.images(3))
    try write("train-labels-idx1-ubyte", Self.labels([2, 0, 1]))
    try write("t10k-images-idx3-ubyte", Self.images(2))
    try write("t10k-labels-idx1-ubyte", Self.labels([1, 1]))
  }

  static func gzipped(_ bytes: Data) -> Data {
    var result = Data(count: coppice_deflate_bound(bytes.count) + 32)
    var written = 0
    let status = bytes.withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        coppice_gzip(
          source.bindMemory(to: UInt8.self).baseAddress, source.count, target.bindMemory(to: UInt8.self).baseAddress,
          target.count, &written)
      }
    }
    precondition(status == 0, "the bound holds any input")
    return result.prefix(written)
  }
}
