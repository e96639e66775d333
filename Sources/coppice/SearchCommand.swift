import ArgumentParser
import Coordination
import Foundation
import Logging
import Logs
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
      The output folder holds the study: study.sqlite with every result, the front's networks, report.html, and logs of \
      the coordinator and of each worker with its engines, each kept below 16 MiB with one older one beside it. \
      A search that was stopped or killed goes on with --resume, also with another budget or number of workers; so does one \
      that its budget had ended, when that is raised. Ctrl-C stops it in good order. spec.yaml in the folder is the full \
      spec, as it can be given to this command again.
      """)

  @Argument(help: "The study's spec, a YAML file.") var spec: String
  @Option(help: "Worker processes; the spec's number when left out.") var workers: Int?
  @Option(help: "The study's folder; the study's name under coppice-out when left out.") var output: String?
  @Flag(help: "Go on with the study in the output folder.") var resume = false
  @Flag(help: "With --resume: keep what is whole of a damaged study, and set the rest aside.")
  var setAsideDamaged = false
  @OptionGroup var log: LogOptions
  @Flag(
    help: ArgumentHelp(
      "Accept workers of different engines (sources, libtorch, instruction set) in one run; also with --resume."))
  var mixedEngines = false
  @Flag(
    help:
      "Print the spec with all defaults, the groups it would prune and a sweep's plans, check the data, and do nothing."
  ) var dryRun = false
  @Flag(
    help: ArgumentHelp(
      "Use the spec's input scaling although the network's file says another one; a study keeps it with --resume."))
  var forceInput = false

  func validate() throws {
    if let workers, !(1...256).contains(workers) {
      throw ValidationError("--workers must be 1 to 256, not \(workers).")
    }
    if setAsideDamaged, !resume { throw ValidationError("--set-aside-damaged needs --resume.") }
  }

  func run() throws {
    var plan = try StudyPreparation(specPath: spec, forcesInput: forceInput || resume)
    if let workers { plan.spec.workers = workers }
    let folder = StudyFolder(URL(fileURLWithPath: output ?? "coppice-out/\(plan.spec.study)"))
    if dryRun {
      print(plan.dryRunText)
      print(plan.diskText(in: folder))
      for warning in plan.warnings { print("# Warning: \(warning)") }
      // Last, so that the spec in full is there to look at when the data are not.
      try plan.verifyData()
      return
    }
    try Coordinator.check(folder, resumes: resume)
    if resume { _ = try folder.reportFile() }
    try EngineStart.check()
    try plan.verifyData()
    StandardError.write("\(plan.input.text)\n")
    let start = StartedFolder(folder)
    do {
      try search(plan, in: folder)
    } catch {
      start.takeBack(after: error)
      throw error
    }
  }

  private func search(_ plan: StudyPreparation, in folder: StudyFolder) throws {
    let context = try plan.context(in: folder)
    let display = SearchDisplay(spec: plan.shownSpec)
    let logger = self.logger(in: folder)
    let stop = try StopSignals()
    var options = Coordinator.Options(
      output: folder, context: context, identity: try plan.identity(), resumes: resume, workerCount: plan.spec.workers,
      workerProgram: try workerProgram(workers: plan.spec.workers, folder: folder), classCount: plan.classCount,
      logger: logger)
    options.setsDamageAside = setAsideDamaged
    options.stop = stop.wakeUp
    options.stopDetail = { stop.name }
    options.notice = { StandardError.write("note: \($0)\n") }
    options.mixesEngines = mixedEngines
    for warning in plan.warnings { options.notice(warning) }
    let outlook = ConstraintOutlook(spec: plan.spec)
    options.progress = {
      outlook.look($0)
      display.show($0)
    }
    let coordinator = try Coordinator(
      options, source: PolicySource(spec: plan.spec, groups: plan.groups, earlierScan: folder.earlierScan))
    let summary: SearchSummary
    do {
      summary = try coordinator.run()
    } catch {
      logger.info("The search ends: \(error)")
      throw error
    }
    display.end(summary)
    let report = try StudyReport(folder)
    try report.write(to: folder.reportFile(), of: folder)
    print(FrontTable.front(report, width: Terminal.output.tableColumns))
    if let doubt = report.scalingDoubt { print("warning: \(doubt)") }
    print(summary.words)
    for line in SearchDisplay.remarks(summary) { print(line) }
    switch summary.ending {
    case .finished:
      print("Networks: \(folder.networks.path)\nReport:   \(folder.report.path)")
    case .stopped:
      print("Go on with: \(folder.resumingCommand)")
      throw ArgumentParser.ExitCode(Support.ExitCode.interrupted.rawValue)
    }
  }

  /// Into the study's own log; what should not wait until the morning also shows at the terminal.
  private func logger(in folder: StudyFolder) -> Logger {
    let clearing = LiveLine.clearingOnTerminals
    return Logger(label: "coordinator") { label in
      MultiplexLogHandler([
        LineLogHandler(
          label: label, level: log.logLevel, format: log.logFormat, to: .file(LogFile(folder.coordinatorLog.path))),
        LineLogHandler(
          label: label, level: max(.warning, log.logLevel), format: .brief,
          to: LogDestination { LogDestination.standardError.write(clearing + $0) }),
      ])
    }
  }

  /// Each worker gets its share of the processors for its engine's kernels.
  private func workerProgram(workers: Int, folder: StudyFolder) throws -> Coordinator.WorkerProgram {
    let threads = max(1, ProcessInfo.processInfo.activeProcessorCount / workers)
    let logOptions = log.arguments
    return Coordinator.WorkerProgram(executable: try Executables.ownPath().path, environment: nil) {
      endpoint, number, spoolFolder in
      [
        "worker", "--connect", endpoint, "--spool", spoolFolder.path, "--label", "worker-\(number)", "--threads",
        "\(threads)", "--lifeline", "0", "--log-file", folder.log(ofWorker: number).path,
      ] + logOptions
    }
  }
}
