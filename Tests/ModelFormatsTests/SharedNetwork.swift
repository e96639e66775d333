import Foundation
import ModelFormats
import ModelGraph

/// Networks of real exporters, which the package does not hold: `models/onnx` below COPPICE_DATA, or below a folder "shared"
/// beside the package's own.
struct SharedNetwork {
  let name: String
  let url: URL

  /// Sizes that a network needs to be read at all, by the beginning of its file's name.
  private static let settings: [(prefix: String, values: [String: Int])] = [
    // One branch is taken for windows of this length, another for longer ones.
    ("silero_vad", ["sequence": 576])
  ]

  /// Empty where there is no such folder.
  static func all() throws -> [SharedNetwork] {
    guard let folder = folder() else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".onnx") }.sorted()
      .map { SharedNetwork(name: String($0.dropLast(5)), url: folder.appendingPathComponent($0)) }
  }

  func read() throws -> Graph {
    try ONNXFile.read(url, fixing: Self.settings.first { name.hasPrefix($0.prefix) }?.values ?? [:])
  }

  private static func folder() -> URL? {
    var places: [URL] = []
    if let path = ProcessInfo.processInfo.environment["COPPICE_DATA"], !path.isEmpty {
      places = [URL(fileURLWithPath: path), URL(fileURLWithPath: path).deletingLastPathComponent()]
    }
    let package = Golden.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    places.append(package.deletingLastPathComponent().appendingPathComponent("shared"))
    return places.map { $0.appendingPathComponent("models/onnx") }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }
}
