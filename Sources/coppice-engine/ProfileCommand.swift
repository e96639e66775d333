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
      With a baseline both run interleaved, so that what else happens on the machine touches both alike; the ratio is the \
      median of pairs, with a 95% interval.

      Example: coppice profile small.onnx --baseline base.onnx
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("The network to compare with: an ONNX file or builtin:NAME.", valueName: "model"))
  var baseline: String?

  @Option(help: "Samples in one forward pass.")
  var batch = 1

  @Option(help: "Threads of one forward pass.")
  var threads = 1

  @Option(help: "Seeds the input.")
  var seed: UInt64 = 0

  @Flag(help: "Shows every layer.")
  var layers = false

  @Flag(help: "Prints the result as JSON.")
  var json = false

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1, not \(batch).") }
    guard threads >= 1 else { throw ValidationError("--threads must be at least 1, not \(threads).") }
  }

  func run() throws {
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
