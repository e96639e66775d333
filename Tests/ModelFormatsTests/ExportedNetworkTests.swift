import Foundation
import ModelFormats
import ModelGraph
import Testing

/// What we write, judged by ONNX's own checker and run by ONNX Runtime beside the network that it was read from.
///
/// Needs a Python with onnx, onnxruntime and numpy, which COPPICE_TEST_PYTHON names; says so and passes without one.
@Suite struct ExportedNetworkTests {
  @Test func onnxAcceptsAndComputesTheSame() throws {
    guard let python = ProcessInfo.processInfo.environment["COPPICE_TEST_PYTHON"] else {
      print("ExportedNetworkTests: skipped, COPPICE_TEST_PYTHON names no Python with onnx and onnxruntime.")
      return
    }
    try Golden.withFolder { folder in
      var written = 0
      for name in ["fashion-cnn", "resnet20"] {
        try ONNXFile.encode(try BuiltinNetworks.graph(named: name))
          .write(to: folder.appendingPathComponent("\(name).exported.onnx"))
        written += 1
      }
      for opset in [13, 17, 18, 20] {
        try ONNXFile.encode(try ONNXRoundTripTests.everything(opset: opset))
          .write(to: folder.appendingPathComponent("everything\(opset).exported.onnx"))
        written += 1
      }
      try Golden.bytes("external_13.data").write(to: folder.appendingPathComponent("external_13.data"))
      var imported = 0
      for name in try Golden.networkNames() {
        guard let graph = try? Golden.network(name) else { continue }
        try ONNXFile.encode(graph).write(to: folder.appendingPathComponent("\(name).exported.onnx"))
        // ONNX Runtime has no sum of bfloat16 numbers, no dilation with automatic padding, and wants unique names.
        if ["type_bfloat16", "conv_same_dilated_13", "names_13"].contains(name) { continue }
        try Golden.bytes(name + ".onnx").write(to: folder.appendingPathComponent("\(name).original.onnx"))
        imported += 1
      }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: python)
      process.arguments = [Golden.folder.appendingPathComponent("check_exported.py").path, folder.path]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = output
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(text)")
      #expect(text.contains("checked \(written + imported + 3) compared \(imported)"), "\(text)")
      #expect(imported > 40)
    }
  }
}
