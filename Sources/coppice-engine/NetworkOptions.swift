import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import NetworkLoading
import StudyModel
import Support

/// The network that a command works on.
struct NetworkOptions: ParsableArguments {
  @Argument(help: "An ONNX file, or builtin:NAME (fashion-cnn, resnet20, resnet32, ...).")
  var model: String

  @Option(help: ArgumentHelp("A safetensors file whose weights replace the network's own.", valueName: "file"))
  var weights: String?

  @OptionGroup var reading: NetworkReadingOptions

  /// The outputs of a command that reads this network, and besides it `others`: none of them goes where it reads.
  func outputs(besides others: [String?], data: String? = nil) -> OutputFiles {
    OutputFiles(
      sparing: ([model, weights] + others).compactMap { $0 } + DataFiles.paths(data),
      more: { [model] in ONNXFile.dataFiles(of: URL(fileURLWithPath: model)).map(\.path) })
  }

  /// Reads the network, and says on standard error what its user should know of it.
  func load() throws -> Graph {
    let graph = try reading.source(of: model, weights: weights).load()
    ErrorReport.say(graph.remarks)
    return graph
  }

  /// The bytes of the user's own file; nil for a built-in network.
  func fileBytes() throws -> Int? { try reading.source(of: model, weights: weights).fileBytes() }
}

/// How a network's file is to be understood.
struct NetworkReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Give an integer input this value; it is not an input any more. Can be repeated.", valueName: "input=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp(
      "Do not train weights or layers of this name; * and ? stand for any text. Can be repeated.", valueName: "glob"))
  var freeze: [String] = []

  @Option(
    help: ArgumentHelp(
      "An input and an output that hold the same recurrent state, where this is not detected. Can be repeated.",
      valueName: "input=output"))
  var statePair: [String] = []

  /// Throws `NetworkLoadingError(.badAssignment)`.
  func source(of model: String, weights: String?) throws -> NetworkSource {
    try NetworkSource.parse(model, weights: weights, set: set, freeze: freeze, statePairs: statePair)
  }
}
