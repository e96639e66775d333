import ArgumentParser

/// A command whose work needs libtorch: the engine takes over this process with the same arguments.
protocol EngineCommand: ParsableCommand {
  static var engineName: String { get }
  var arguments: [String] { get }
}

extension EngineCommand {
  func run() throws {
    try EngineCall.become(Self.engineName, arguments)
  }
}

struct TrainCommand: EngineCommand {
  static let engineName = "train"
  static let configuration = CommandConfiguration(
    commandName: engineName, abstract: "Train a network on a dataset and export it as ONNX.")
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp(visibility: .hidden)) var arguments: [String] = []
}

struct PruneCommand: EngineCommand {
  static let engineName = "prune"
  static let configuration = CommandConfiguration(
    commandName: engineName, abstract: "Prune one network by one recipe and export the smaller one.")
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp(visibility: .hidden)) var arguments: [String] = []
}

struct EvaluateCommand: EngineCommand {
  static let engineName = "evaluate"
  static let configuration = CommandConfiguration(
    commandName: engineName, abstract: "Measure a network's accuracy on a dataset.")
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp(visibility: .hidden)) var arguments: [String] = []
}

struct ProfileCommand: EngineCommand {
  static let engineName = "profile"
  static let configuration = CommandConfiguration(
    commandName: engineName, abstract: "Measure a network's parameters, MACs, size and latency.")
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp(visibility: .hidden)) var arguments: [String] = []
}

struct RunCommand: EngineCommand {
  static let engineName = "run"
  static let configuration = CommandConfiguration(
    commandName: engineName, abstract: "Run any network on inputs from an NPZ file and write its outputs to another.")
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp(visibility: .hidden)) var arguments: [String] = []
}

struct OperatorsCommand: EngineCommand {
  static let engineName = "operators"
  static let configuration = CommandConfiguration(
    commandName: engineName, abstract: "List the ONNX operators that are read, and run test cases of them.")
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp(visibility: .hidden)) var arguments: [String] = []
}
