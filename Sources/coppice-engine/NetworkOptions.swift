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

  @Option(
    help: ArgumentHelp(
      "Gives an integer input a fixed value; it is no input any more. Can be repeated.", valueName: "input=value"))
  var set: [String] = []

  var source: NetworkSource {
    get throws {
      var source = NetworkSource.parse(model, weights: weights)
      source.fixedInputs = try NamedValues.integers(set)
      return source
    }
  }

  func load() throws -> Graph { try source.load() }
}
