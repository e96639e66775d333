import ArgumentParser
import Coordination
import Foundation
import Reporting
import StudyModel
import StudyStore
import Support
import Transport

/// The main command: a coordinator here, worker processes beside it, and at the end a front, its networks and a report.
struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Search for pruned networks, as a spec describes.",
    discussion: """
      The output folder holds the study: study.sqlite with every result, the front's networks, logs and report.html. \
      A search that was stopped or killed goes on with --resume. Ctrl-C stops it in good order.
      """)

  @Argument(help: "The study's spec, a YAML file.") var spec: String
  @Option(help: "Worker processes; the spec's number when left out.") var workers: Int?
  @Option(help: "The study's folder; the study's name under coppice-out when left out.") var output: String?
  @Flag(help: "Go on with the study in the output folder.") var resume = false
  @Flag(help: "Print the spec with all defaults and the groups it would prune, and do nothing.") var dryRun = false

  func validate() throws {
    if let workers, !(1...256).contains(workers) {
      throw ValidationError("--workers must be 1 to 256, not \(workers).")
    }
  }

  func run() throws {
    var plan = try StudyPreparation(specPath: spec)
    if let workers { plan.spec.workers = workers }
    if dryRun {
      print(plan.dryRunText)
      return
    }
    let folder = StudyFolder(URL(fileURLWithPath: output ?? "coppice-out/\(plan.spec.study)"))
    try Coordinator.check(folder, resumes: resume)
    try plan.verifyData()
    let context = try plan.context(in: folder)
    let display = SearchDisplay(budget: plan.spec.budget)
    let stop = try StopSignals()
    var options = Coordinator.Options(
      output: folder, context: context, identity: try plan.identity(), resumes: resume, workerCount: plan.spec.workers,
      workerProgram: try workerProgram(workers: plan.spec.workers), classCount: plan.classCount)
    options.stop = stop.wakeUp
    options.progress = { display.show($0) }
    let sensitivity = try StudySensitivity.scan(plan.spec, context: context, in: folder)
    let coordinator = try Coordinator(
      options, source: PolicySource(spec: plan.spec, groups: plan.groups, sensitivity: sensitivity))
    let summary = try coordinator.run()
    display.end(summary)
    let report = try StudyReport(folder)
    try report.write(to: folder.report)
    print(FrontTable.front(report))
    switch summary.ending {
    case .finished:
      print("Networks: \(folder.networks.path)\nReport:   \(folder.report.path)")
    case .stopped:
      print("Stopped. Go on with: coppice search \(spec) --output \(folder.url.path) --resume")
      throw ArgumentParser.ExitCode(Support.ExitCode.interrupted.rawValue)
    }
  }

  /// Each worker gets its share of the processors for its engine's kernels.
  private func workerProgram(workers: Int) throws -> Coordinator.WorkerProgram {
    let threads = max(1, ProcessInfo.processInfo.activeProcessorCount / workers)
    return Coordinator.WorkerProgram(executable: try Executables.ownPath().path, environment: nil) {
      endpoint, number, spoolFolder in
      [
        "worker", "--connect", endpoint, "--spool", spoolFolder.path, "--label", "worker-\(number)", "--threads",
        "\(threads)",
      ]
    }
  }
}
