import Foundation
import TestSupport
import Testing

/// Networks that others wrote: read, equal to ONNX Runtime, cut, written, equal again, and the cut one equal to the masked one.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct ForeignNetworkTests {
  /// Ten of torchvision's networks, small ones of every family; `scripts/benchmarks/zoo` takes all.
  @Test func torchvisionNetworks() throws {
    guard let python = PythonPeer.executable(for: "torchvisionNetworks") else { return }
    let networks = [
      "squeezenet1_1", "mobilenet_v3_small", "shufflenet_v2_x0_5", "mnasnet0_5", "efficientnet_b0", "regnet_y_400mf",
      "resnet18", "densenet121", "googlenet", "swin_t",
    ]
    let folder = try TemporaryFolder()
    let outcome = try PythonPeer.run(
      python,
      [
        PythonPeer.scripts.appendingPathComponent("zoo.py").path, "--coppice", Installation.coppice.path, "--networks",
        networks.joined(separator: ","),
      ], in: folder)
    print(outcome.output)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("\(2 * networks.count) of \(2 * networks.count) equal"))
  }

  /// Files of seven exporters, where they are at hand.
  @Test func realFiles() throws {
    guard let python = PythonPeer.executable(for: "realFiles"),
      let models = SharedData.url(["models/onnx"], for: "realFiles")
    else { return }
    let files = try FileManager.default.contentsOfDirectory(atPath: models.path).filter { $0.hasSuffix(".onnx") }
      .sorted().map { models.appendingPathComponent($0).path }
    let folder = try TemporaryFolder()
    let outcome = try PythonPeer.run(
      python,
      [
        PythonPeer.scripts.appendingPathComponent("zoo.py").path, "--coppice", Installation.coppice.path, "--set",
        "sr=16000", "--set", "sequence=576", "--files",
      ] + files, in: folder)
    print(outcome.output)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("\(files.count) of \(files.count) equal"))
  }
}
