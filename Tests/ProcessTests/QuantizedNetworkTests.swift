import Foundation
import TestSupport
import Testing

/// Files that ONNX Runtime's quantiser wrote, in both of its formats, with one scale a weight and one a channel.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct QuantizedNetworkTests {
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens/quantized_networks.py").path

  private struct Report: Decodable {
    struct Figures: Decodable {
      let parameters: Int
    }
    let before: Figures
    let after: Figures
  }

  @Test func areReadCutAndWritten() throws {
    guard let python = PythonPeer.executable(for: "QuantizedNetworkTests") else { return }
    let folder = try TemporaryFolder()
    let made = try PythonPeer.run(python, [Self.script, "make", folder.url.path], in: folder)
    try #require(made.status == 0, "\(made.output)")
    for name in ["qdq", "qdq_channels", "qoperator", "qoperator_channels"] {
      let run = try coppice(
        "run", "\(name).onnx", "--inputs", "in.npz", "--outputs", "\(name).out.npz", in: folder.url)
      #expect(run.status == 0, "\(name): \(run.errors)")
      let prune = try coppice(
        "prune", "\(name).onnx", "--sparsity", "0.5", "--criterion", "l1", "--scope", "local", "-o",
        "\(name).small.onnx",
        "--masked", "\(name).masked.onnx", "--json", in: folder.url)
      #expect(prune.status == 0, "\(name): \(prune.errors)")
      let report = try JSONDecoder().decode(Report.self, from: Data(prune.output.utf8))
      // Weights and biases that are held as integers are parameters all the same.
      #expect(report.before.parameters > 5000)
      #expect(report.after.parameters * 2 < report.before.parameters)
      let small = try coppice(
        "run", "\(name).small.onnx", "--inputs", "in.npz", "--outputs", "\(name).small.npz", in: folder.url)
      #expect(small.status == 0, "\(name): \(small.errors)")
      let compared = try PythonPeer.run(python, [Self.script, "compare", folder.url.path, name], in: folder)
      print(compared.output)
      #expect(compared.status == 0, "\(compared.output)")
    }
    // Nothing learns in integers, which is said before anything is trained.
    let inspected = try coppice("inspect", "qdq.onnx", "--tensors", in: folder.url)
    #expect(inspected.output.contains("quantised"))
  }
}
