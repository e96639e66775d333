import Foundation
import TestSupport
import Testing

/// The sensitivity scan of a search is as safe as its trials: deaths cost a group, Ctrl-C is answered, nobody is left behind.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct ScanTests {
  private let trials = 3
  /// The first step that a scan has and a baseline has not.
  private let step = "recalibrate"

  private func undisturbed() throws -> (scan: [Double], plans: Set<String>) {
    let study = try SmallStudy(trials: trials, sensitivity: true)
    let search = try study.start()
    search.waitUntilExit()
    #expect(search.terminationStatus == 0, "\(study.logs)")
    return (try study.scan().map(\.accuracy), Set(try study.history().filter { $0.rung == 0 }.map(\.planID)))
  }

  private func expectTheSame(_ study: SmallStudy, as expected: (scan: [Double], plans: Set<String>)) throws {
    #expect(try study.scan().map(\.accuracy) == expected.scan)
    #expect(Set(try study.history().filter { $0.rung == 0 }.map(\.planID)) == expected.plans)
  }

  @Test func anEngineThatDiesInTheScanCostsOneAttempt() throws {
    let study = try SmallStudy(trials: trials, sensitivity: true)
    let once = study.folder.file("once")
    let search = try study.start(environment: [
      "COPPICE_FAULT": "engine-kill-at:\(step)", "COPPICE_FAULT_ONCE": once.path,
    ])
    search.waitUntilExit()
    #expect(search.terminationStatus == 0, "\(study.logs)")
    #expect(FileManager.default.fileExists(atPath: once.path), "no engine died")
    #expect(try study.scan().map(\.attempts).sorted() == [1, 1, 1, 2], "\(study.logs)")
    try expectTheSame(study, as: undisturbed())
  }

  @Test func workersThatDieInTheScanAreReplaced() throws {
    let study = try SmallStudy(trials: trials, sensitivity: true)
    let once = study.folder.file("once")
    let search = try study.start(environment: [
      "COPPICE_FAULT": "engine-hang-at:\(step)", "COPPICE_FAULT_ONCE": once.path,
    ])
    defer { if search.isRunning { kill(search.processIdentifier, SIGKILL) } }
    let hangs: Void? = eventually(within: 120) { FileManager.default.fileExists(atPath: once.path) ? () : nil }
    #expect(hangs != nil, "no engine came to the scan\n\(study.logs)")
    // One of them holds the engine that hangs.
    let workers = ProcessTree.descendants(of: search.processIdentifier).filter { $0.arguments.contains("worker") }
    #expect(workers.count == 2)
    for worker in workers { kill(worker.pid, SIGKILL) }
    search.waitUntilExit()
    #expect(search.terminationStatus == 0, "\(study.logs)")
    let scan = try study.scan()
    #expect(scan.count == 4 && scan.contains { $0.attempts == 2 })
    try expectTheSame(study, as: undisturbed())
  }

  @Test func ctrlCInTheScanEndsInGoodOrderAndResumeGoesOn() throws {
    let study = try SmallStudy(trials: trials, sensitivity: true)
    // Every engine hangs in its first group: the scan cannot end before the signal.
    let search = try study.start(environment: ["COPPICE_FAULT": "engine-hang-at:\(step)"])
    defer { if search.isRunning { kill(search.processIdentifier, SIGKILL) } }
    let granted: [ProcessTree.Entry]? = eventually(within: 120) {
      // The baseline is on the disk: what runs now is the scan.
      let table = try? coppice("front", study.output, "--history", in: study.folder.url)
      guard table?.status == 0, table?.output.contains("not been measured") == false else { return nil }
      let children = ProcessTree.descendants(of: search.processIdentifier)
      return children.count { $0.arguments.contains("trial-host") } == 2 ? children : nil
    }
    let children = try #require(granted, "the scan did not begin\n\(study.logs)")
    let locked = try coppice("search", study.spec, "--output", study.output, "--resume", in: study.folder.url)
    #expect(locked.status != 0, "the study has one coordinator, also in its scan")

    kill(search.processIdentifier, SIGINT)
    let ended: Void? = eventually(within: 60) { search.isRunning ? nil : () }
    #expect(ended != nil, "Ctrl-C is not answered\n\(study.logs)")
    #expect(search.terminationReason == .exit && search.terminationStatus == 130, "\(study.logs)")
    #expect(study.logs.contains("It was stopped (SIGINT).") && study.logs.contains("Go on with: coppice search"))
    let gone: Void? = eventually(within: 15) { children.contains { ProcessTree.isAlive($0.pid) } ? nil : () }
    #expect(gone != nil, "orphans: \(children.filter { ProcessTree.isAlive($0.pid) })")
    #expect(try study.scan().isEmpty && study.history().isEmpty)

    let second = try study.start(["--resume"])
    second.waitUntilExit()
    #expect(second.terminationStatus == 0, "\(study.logs)")
    try expectTheSame(study, as: undisturbed())
  }
}
