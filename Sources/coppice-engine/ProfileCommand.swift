import ArgumentParser
import Evaluation
import Foundation
import NetworkLoading
import StudyModel
import Support

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Measures a network's size, operations and latency.",
    discussion: """
      With --baseline the two networks run in turn, so that other work on the machine slows both alike. The ratio is the median \
      of these pairs, with a 95% interval.

      Example: coppice profile small.onnx --baseline base.onnx
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("The network to compare with: an ONNX file or builtin:NAME.", valueName: "model"))
  var baseline: String?

  @Option(help: "Images that are computed at once.")
  var batch = 1

  @Option(help: "Threads to compute with.")
  var threads = 1

  @OptionGroup var device: DeviceOptions

  @Option(help: "The seed of the random input.")
  var seed: UInt64 = 0

  @Flag(help: "Show every layer.")
  var layers = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1, not \(batch).") }
    guard threads >= 1 else { throw ValidationError("--threads must be at least 1, not \(threads).") }
  }

  func run() throws {
    try device.check()
    let graph = try network.load()
    let dense = try baseline.map { try NetworkSource.parse($0).load() }
    let profile = try NetworkProfile(
      graph, baseline: dense, latency: LatencySpec(batch: batch, threads: threads), seed: seed)
    if json {
      print(try PrettyJSON.text(of: profile))
      return
    }
    if layers {
      var table = TextTable(figures: ["layer", "operator", "output", "parameters", "MACs"])
      for layer in profile.layers {
        table.add([
          layer.name, layer.operation, layer.output.map(String.init).joined(separator: "x"),
          Units.count(layer.parameters), Units.count(layer.macs),
        ])
      }
      print(table.text)
    }
    let networks = (profile.baseline.map { [("baseline", $0)] } ?? []) + [("network", profile.network)]
    print(FigureTable(networks).text)
    print(latencyText(profile.latency, comparing: dense != nil))
  }

  private func latencyText(_ latency: Latency, comparing: Bool) -> String {
    func milliseconds(_ seconds: Double) -> String { String(format: "%.3f ms", seconds * 1000) }
    var lines = [
      "latency      \(milliseconds(latency.seconds)), batch \(latency.batch), \(latency.threads) thread(s), "
        + "\(latency.runtime), \(latency.deviceClass)"
    ]
    if comparing {
      lines.append("  baseline   \(milliseconds(latency.denseSeconds))")
      lines.append(
        String(
          format: "  ratio      %.3f (95%% interval %.3f - %.3f, %d pairs)", latency.ratio, latency.ratioLow,
          latency.ratioHigh, latency.repetitions))
    }
    return lines.joined(separator: "\n")
  }
}
