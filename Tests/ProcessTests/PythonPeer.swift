import Foundation
import TestSupport
import Testing

/// The Python with onnx, ONNX Runtime and PyTorch that `scripts/setup --tests` makes.
enum PythonPeer {
  /// Nil after a printed reason.
  static func executable(for test: String) -> String? {
    guard let path = ProcessInfo.processInfo.environment["COPPICE_TEST_PYTHON"], !path.isEmpty else {
      print("\(test) is skipped: COPPICE_TEST_PYTHON names no Python with onnx and onnxruntime.")
      return nil
    }
    return path
  }

  static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("scripts/benchmarks")

  /// Runs Python to its end; what it prints, and its status.
  static func run(_ python: String, _ arguments: [String], in folder: TemporaryFolder) throws -> (
    output: String, status: Int32
  ) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = arguments
    process.currentDirectoryURL = folder.url
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (output, process.terminationStatus)
  }
}
