import ArgumentParser
import Evaluation
import ModelGraph
import StudyModel

/// The network that a command works on.
struct NetworkOptions: ParsableArguments {
  @Argument(help: "An ONNX file, or builtin:NAME (fashion-cnn, resnet20, resnet32, ...).")
  var model: String

  @Option(help: ArgumentHelp("Weights for a built-in network: a safetensors file.", valueName: "file"))
  var weights: String?

  func load() throws -> Graph {
    try NetworkSource.parse(model, weights: weights).load()
  }
}
