import ArgumentParser
import Tensors

/// The compute side of Coppice. Users meet it through `coppice`, which passes its arguments on, so the help says so.
@main
struct CoppiceEngine: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coppice",
    abstract: "Trains, prunes and measures networks.",
    version: "0.1.0 with libtorch \(TorchRuntime.version)",
    subcommands: [
      TrainCommand.self, PruneCommand.self, EvaluateCommand.self, ProfileCommand.self, SensitivityCommand.self,
      RunCommand.self, OperatorsCommand.self, TrialHostCommand.self, StudySensitivityCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      ErrorReport.end(with: error)
    }
  }
}
