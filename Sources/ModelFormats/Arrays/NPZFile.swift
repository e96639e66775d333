import Foundation
import ModelGraph

/// Named arrays in NumPy's zip format, as `numpy.savez` and `numpy.savez_compressed` write them; pickled objects are
/// refused.
package enum NPZFile {
  package static let maximumBytes = 4 << 30

  /// The arrays of a file by name, without ".npy". Throws `ModelFormatError`, whose message begins with the path.
  package static func read(_ url: URL) throws -> [String: TensorData] {
    try readFormatFile(url, limit: maximumBytes) { try decode($0) }
  }

  package static func decode(_ bytes: Data) throws -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for (member, content) in try ZipArchive.members(of: bytes).sorted(by: { $0.key < $1.key }) {
      guard member.hasSuffix(".npy") else {
        throw ModelFormatError(
          .malformed, "The zip file holds '\(member)', which is not an array of NumPy.",
          remedy: "Give a file that numpy.savez wrote.")
      }
      result[String(member.dropLast(4))] = try NPYArray.decode(content, owner: "The array '\(member)'")
    }
    return result
  }

  /// A file of these arrays, stored in the order of their names; equal values give equal bytes. bfloat16
  /// and narrow numbers are raw bytes there, two or one each, as NumPy writes the arrays of ml_dtypes.
  package static func encode(_ arrays: [String: TensorData]) throws -> Data {
    try ZipArchive.archive(
      try arrays.sorted { $0.key < $1.key }.map { name, data in
        guard name.utf8.count < 0xff00 else { throw ModelFormatError(.tooLarge, "An array's name is too long.") }
        return (name + ".npy", try NPYArray.encode(data, owner: "The array '\(name)'"))
      })
  }
}
