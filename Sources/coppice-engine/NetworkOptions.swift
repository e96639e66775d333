import ArgumentParser
import Evaluation
import ModelGraph
import NetworkLoading
import StudyModel

/// The network that a command works on.
struct NetworkOptions: ParsableArguments {
  @Argument(help: "An ONNX file, or builtin:NAME (fashion-cnn, resnet20, resnet32, ...).")
  var model: String

  @Option(help: ArgumentHelp("A safetensors file with weights to lay over the network's own.", valueName: "file"))
  var weights: String?

  @OptionGroup var reading: NetworkReadingOptions

  func load() throws -> Graph { try reading.source(of: model, weights: weights).load() }
}

/// How a network's file is to be understood.
struct NetworkReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Gives an integer input a fixed value; it is no input any more. Can be repeated.", valueName: "input=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp(
      "Weights or layers of this name do not learn; * and ? stand for any text. Can be repeated.", valueName: "glob"))
  var freeze: [String] = []

  @Option(
    help: ArgumentHelp(
      "A recurrent state that goes in and comes out, beside those that are detected. Can be repeated.",
      valueName: "input=output"))
  var statePair: [String] = []

  /// Throws `NetworkLoadingError(.badAssignment)`.
  func source(of model: String, weights: String?) throws -> NetworkSource {
    try NetworkSource.parse(model, weights: weights, set: set, freeze: freeze, statePairs: statePair)
  }
}
