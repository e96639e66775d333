import Foundation
import TestSupport
import Testing

/// kill -9 of each kind of process in the middle of a search: it completes, nothing acknowledged is lost, nothing counts twice.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct KillTests {
  private let trials = 6

  @Test(arguments: ["worker", "trial-host"]) func searchSurvivesTheDeathOf(_ role: String) throws {
    let study = try SmallStudy(trials: trials)
    let search = try study.start()
    defer { if search.isRunning { kill(search.processIdentifier, SIGKILL) } }
    // Strike once a first result is in, so that work is under way.
    let victim = try #require(
      eventually(within: 120, every: 0.1) { () -> ProcessTree.Entry? in
        guard let count = try? study.history().count, count >= 1 else { return nil }
        return ProcessTree.descendants(of: search.processIdentifier).first { $0.arguments.contains(role) }
      }, "no \(role) was seen\n\(study.logs)")
    #expect(kill(victim.pid, SIGKILL) == 0)
    let ended: Void? = eventually(within: 120, every: 0.5, progress: { (try? study.history().count) ?? 0 }) {
      search.isRunning ? nil : ()
    }
    #expect(ended != nil, "the search did not end\n\(study.logs)")
    search.waitUntilExit()
    #expect(search.terminationStatus == 0, "\(study.logs)")
    try expectComplete(study)
  }

  @Test func searchGoesOnAfterTheDeathOfItsCoordinator() throws {
    let study = try SmallStudy(trials: trials)
    let first = try study.start()
    let before = try #require(
      eventually(within: 120, every: 0.1) { () -> [SmallStudy.HistoryEntry]? in
        guard let entries = try? study.history(), entries.count >= 3 else { return nil }
        return entries
      }, "no three results\n\(study.logs)")
    let children = ProcessTree.descendants(of: first.processIdentifier)
    #expect(children.count >= 4, "two workers and two engines")
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    // Workers and engines end by themselves: their lifelines are cut.
    let gone: Void? = eventually(within: 60) { children.contains { ProcessTree.isAlive($0.pid) } ? nil : () }
    #expect(gone != nil, "orphans: \(children.filter { ProcessTree.isAlive($0.pid) })")

    let refused = try coppice("search", study.spec, "--output", study.output, in: study.folder.url)
    #expect(refused.status == 73, "an existing output without --resume: \(refused.errors)")

    let second = try study.start(["--resume"])
    second.waitUntilExit()
    #expect(second.terminationStatus == 0, "\(study.logs)")
    let after = try expectComplete(study)
    #expect(Set(before).isSubset(of: after), "a result that was there before the kill is gone or changed")
  }

  /// Every trial finished its first rung, each evaluation once, and the front's networks are there.
  @discardableResult
  private func expectComplete(_ study: SmallStudy) throws -> Set<SmallStudy.HistoryEntry> {
    let history = try study.history()
    #expect(Set(history.filter { $0.rung == 0 && $0.trial > 0 }.map(\.trial)) == Set(1...trials))
    #expect(Set(history.map { "\($0.trial)/\($0.rung)" }).count == history.count, "counted twice: \(history)")
    let networks = try FileManager.default.contentsOfDirectory(atPath: study.output + "/networks")
    #expect(networks.contains { $0.hasSuffix(".onnx") }, "no exported networks in \(networks)")
    return Set(history)
  }
}
