import Foundation
import ModelFormats
import ModelGraph

/// The files beside the tests, made by the scripts that lie with them.
enum Golden {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")

  static func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

  /// As its file has it, unless another precision is asked for.
  static func network(_ name: String, _ precision: ONNXFile.Precision = .asWritten) throws -> Graph {
    try ONNXFile.read(folder.appendingPathComponent(name + ".onnx"), precision: precision)
  }

  /// The names of all networks, without their ending.
  static func networkNames() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".onnx") }
      .map { String($0.dropLast(5)) }.sorted()
  }

  /// A fresh folder that is removed after `body`.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("formats-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url)
  }
}
