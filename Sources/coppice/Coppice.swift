import ArgumentParser
import Foundation
import Launching
import Support

/// The control side: it searches, keeps and reports, and starts `coppice-engine` for everything that computes.
@main
struct Coppice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coppice",
    abstract: "Distributed search for pruned neural networks.",
    discussion: """
      A study is described by a YAML file; `coppice search` runs it with worker processes on this machine and keeps every \
      result, `front` and `report` show what was found. The other commands do one step to one network.
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Studies",
        subcommands: [
          SearchCommand.self, FrontCommand.self, ReportCommand.self, StatusCommand.self, RetryCommand.self,
          WorkerCommand.self,
        ]),
      CommandGroup(
        name: "One network",
        subcommands: [
          TrainCommand.self, PruneCommand.self, SensitivityCommand.self, EvaluateCommand.self, ProfileCommand.self,
          InspectCommand.self, RunCommand.self, OperatorsCommand.self,
        ]),
      CommandGroup(name: "This machine", subcommands: [DoctorCommand.self]),
    ]
  )

  static func main() {
    // Output that is cut off by a closed pipe (`coppice front | head`) is not an error of ours.
    signal(SIGPIPE, SIG_DFL)
    StandardStreams.ensureOpen()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      ErrorRendering.exit(with: error)
    }
  }
}
