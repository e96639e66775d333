import Foundation
import TestSupport
import Testing

/// Recurrent layers and attention as PyTorch's two exporters write them: units and heads really leave, and ONNX Runtime gives what
/// the masked network gives.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct PrunedExportTests {
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens/exported_networks.py").path

  @Test(arguments: [("recurrent", 16), ("attention", 12)])
  func loseUnitsAndHeads(family: String, exports: Int) throws {
    guard let python = PythonPeer.executable(for: "PrunedExportTests, \(family)") else { return }
    let folder = try TemporaryFolder()
    let outcome = try PythonPeer.run(
      python, [Self.script, Installation.coppice.path, folder.url.path, family], in: folder)
    print(outcome.output)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("\(exports) of \(exports) exports equal"))
  }
}
