import Foundation
import Support

/// Where the programs of this installation lie: beside this one.
enum Executables {
  static func ownPath() throws -> URL {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
    guard length > 0 else { throw FileFault(operation: "read", path: "/proc/self/exe", errorNumber: errno) }
    return URL(fileURLWithPath: String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// `coppice-engine` beside this program. Throws `CommandError(.engineMissing)` when it is not there.
  static func engine() throws -> URL {
    let url = try ownPath().deletingLastPathComponent().appendingPathComponent("coppice-engine")
    guard FileManager.default.isExecutableFile(atPath: url.path) else {
      throw CommandError(
        .engineMissing, "There is no coppice-engine at '\(url.path)'.",
        remedy:
          "Build it with `swift build -c release --product coppice-engine`, or install both programs into one folder.")
    }
    return url
  }
}
