import ArgumentParser
import Foundation
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

  private static var commandNames: [String] {
    var names: [String] = []
    for command in configuration.subcommands {
      if let name = command.configuration.commandName { names.append(name) }
    }
    return names
  }

  static func main() {
    StandardStreams.prepare()
    do {
      let arguments = NegativeNumbers.attached(Array(CommandLine.arguments.dropFirst()))
      if let fault = CommandName.fault(arguments, commands: commandNames) { throw ValidationError(fault) }
      var command = try parseAsRoot(arguments)
      try command.run()
      try StandardOutput.check()
    } catch {
      ErrorRendering.exit(with: error)
    }
  }
}
