import ArgumentParser
import Evaluation
import Foundation
import ModelFormats

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a network once on given arrays.",
    discussion: """
      The NPZ file holds one array for each of the network's inputs, by name; the outputs are written likewise.

      Example: coppice run base.onnx --inputs in.npz --outputs out.npz
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("Arrays by the names of the network's inputs.", valueName: "npz"))
  var inputs: String

  @Option(help: ArgumentHelp("Where the outputs are written.", valueName: "npz"))
  var outputs: String

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    let file = try OutputFile(outputs)
    try threads.apply()
    let graph = try network.load()
    guard FileManager.default.fileExists(atPath: inputs) else {
      throw EvaluationError(.missingFile, "There is no file of arrays '\(inputs)'.", remedy: "Check the path.")
    }
    let arrays = try NPZFile.read(URL(fileURLWithPath: inputs))
    let results = try NetworkExecution.run(graph, inputs: arrays)
    try file.write(NPZFile.encode(results))
    for name in results.keys.sorted() { print("\(name) \(results[name]?.shape ?? [])") }
  }
}
