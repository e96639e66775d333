import ArgumentParser
import Foundation
import Support
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
      RunCommand.self, OperatorsCommand.self, TrialHostCommand.self, IdentityCommand.self,
    ])

  static func main() {
    StandardStreams.prepare()
    startAgainIfThreadsWouldSpin()
    do {
      var command = try parseAsRoot(NegativeNumbers.attached(Array(CommandLine.arguments.dropFirst())))
      try command.run()
      try StandardOutput.check()
    } catch {
      ErrorReport.end(with: error)
    }
  }

  /// OpenMP has read its environment before the first line of this program runs, so what was missing takes a second start. It
  /// keeps the process and its descriptors. Where that fails the work goes on, slower beside a busy neighbour.
  private static func startAgainIfThreadsWouldSpin() {
    let environment = ProcessInfo.processInfo.environment
    guard !ThreadEnvironment.isComplete(environment) else { return }
    for (name, value) in ThreadEnvironment.completed(environment) { setenv(name, value, 1) }
    var arguments = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    defer { arguments.forEach { free($0) } }
    // By its own path, since the name of a process is the end of the path that it was started by.
    guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return }
    execv(path, arguments)
  }
}
