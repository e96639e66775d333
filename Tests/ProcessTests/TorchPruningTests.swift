import Foundation
import TestSupport
import Testing

/// The groups of channels that leave together, beside those that Torch-Pruning finds in the same networks.
@Suite(.tags(.processes), .twoAtOnce) struct TorchPruningTests {
  /// With padded shortcuts Torch-Pruning maps other channels, and its pruned network does not run; ours equals the mask.
  @Test func sameGroups() throws {
    guard let python = PythonPeer.executable(for: "TorchPruningTests") else { return }
    let folder = try TemporaryFolder()
    let script = PythonPeer.scripts.appendingPathComponent("torch_pruning_comparison.py").path
    let outcome = try PythonPeer.run(
      python, [script, "--coppice", Installation.coppice.path, "--only", "groups,padded"], in: folder)
    print(outcome.output)
    #expect(outcome.status == 0, "\(outcome.output)")
    for (network, count) in [("resnet20-b", 12), ("vgg16_bn", 15), ("mobilenet_v2", 25), ("densenet121", 120)] {
      #expect(outcome.output.contains("| \(network) | \(count) | \(count) | yes |"))
    }
    #expect(outcome.output.contains("| resnet20-a | 12 | 10 | no |"))
    let found = try #require(outcome.output.firstMatch(of: /pruned and masked differ by ([0-9.e+-]+)/))
    #expect(try #require(Double(found.1)) < 1e-5)
  }
}
