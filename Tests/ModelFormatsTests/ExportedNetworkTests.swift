import Foundation
import ModelFormats
import ModelGraph
import TestSupport
import Testing

/// What we write, judged by ONNX's own checker and run by ONNX Runtime beside the network that it was read from.
///
/// Needs a Python with onnx, onnxruntime and numpy, which COPPICE_TEST_PYTHON names; says so and passes without one.
@Suite(.ownThread(limit: 900)) struct ExportedNetworkTests {
  /// What ONNX Runtime does not run as its exporter wrote it: it has no sum of bfloat16 numbers, no dilation with automatic
  /// padding, no operators of the first sets, no old Clip of doubles, wants unique names, and reads functions in the operator
  /// set of the network around them.
  static let notRun: Set = [
    "type_bfloat16", "conv_same_dilated_13", "names_13", "first_forms_6", "clip_pad_9_double",
    "function_old_17", "removed_fills_1", "first_forms_1",
  ]

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
      for opset in [18, 20, 22, 25] {
        try ONNXFile.encode(try ONNXRoundTripTests.everything(opset: opset))
          .write(to: folder.appendingPathComponent("everything\(opset).exported.onnx"))
        written += 1
      }
      try Golden.bytes("external_13.data").write(to: folder.appendingPathComponent("external_13.data"))
      var imported = 0
      for name in try Golden.networkNames() {
        guard let graph = try? Golden.network(name, .float32) else { continue }
        try ONNXFile.encode(graph).write(to: folder.appendingPathComponent("\(name).exported.onnx"))
        written += 1
        if Self.notRun.contains(name) { continue }
        try Golden.bytes(name + ".onnx").write(to: folder.appendingPathComponent("\(name).original.onnx"))
        imported += 1
      }
      for network in try SharedNetwork.all() {
        let exported = folder.appendingPathComponent("\(network.name).exported.onnx")
        try ONNXFile.encode(try network.read()).write(to: exported)
        try FileManager.default.copyItem(
          at: network.url, to: folder.appendingPathComponent("\(network.name).original.onnx"))
        (written, imported) = (written + 1, imported + 1)
      }
      let (status, text) = try Self.run(python, "check_exported.py", [folder.path])
      #expect(status == 0, "\(text)")
      #expect(text.contains("checked \(written) compared \(imported)"), "\(text)")
      #expect(imported > 80)
    }
  }

  /// The ONNX project's own cases, written again by us, with the results that the cases expect. COPPICE_NODE_TESTS names
  /// their folder.
  @Test func casesOfTheONNXProjectGiveTheirResults() throws {
    let environment = ProcessInfo.processInfo.environment
    guard let python = environment["COPPICE_TEST_PYTHON"], let cases = environment["COPPICE_NODE_TESTS"] else {
      print("ExportedNetworkTests: skipped, COPPICE_TEST_PYTHON or COPPICE_NODE_TESTS is not set.")
      return
    }
    try Golden.withFolder { folder in
      for name in try FileManager.default.contentsOfDirectory(atPath: cases) {
        // Their random numbers come from a seed, which we do not keep.
        if name.hasPrefix("test_training_dropout") { continue }
        let url = URL(fileURLWithPath: cases).appendingPathComponent(name).appendingPathComponent("model.onnx")
        guard let graph = try? ONNXFile.read(url, precision: .asWritten) else { continue }
        try ONNXFile.encode(graph).write(to: folder.appendingPathComponent(name + ".onnx"))
      }
      let (status, text) = try Self.run(python, "check_cases.py", [folder.path, cases])
      print("ExportedNetworkTests: \(text)", terminator: "")
      #expect(status == 0, "\(text)")
      #expect(text.contains(" wrong 0:"), "\(text)")
    }
  }

  /// What a script beside the goldens prints, and what it ends with.
  private static func run(_ python: String, _ script: String, _ arguments: [String]) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [Golden.folder.appendingPathComponent(script).path] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
