import Foundation
import TestSupport
import Testing

/// `coppice retry`, and a study's folder that is moved while its search runs, with real processes.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct SetAsideTests {
  private struct Outcome: Decodable {
    struct Entry: Decodable {
      let trial: Int
      let rung: Int
    }
    let retried: [Entry]
    let next: String?
  }

  @Test func retryAnswersWhileASearchRuns() throws {
    let study = try SmallStudy(trials: 4)
    let search = try study.start()
    defer { if search.isRunning { kill(search.processIdentifier, SIGKILL) } }
    let started: Void? = eventually(within: 120) { (try? study.history().count).map { $0 >= 1 } == true ? () : nil }
    #expect(started != nil, "\(study.logs)")
    let idle = try coppice("retry", study.output, "--all", "--json", in: study.folder.url)
    #expect(idle.status == 0, "\(idle.errors)")
    let outcome = try JSONDecoder().decode(Outcome.self, from: Data(idle.output.utf8))
    #expect(outcome.retried.isEmpty && outcome.next == nil)
    let unknown = try coppice("retry", study.output, "--trial", "900", in: study.folder.url)
    #expect(unknown.status == 66 && unknown.errors.contains("no trial 900"))
    let nowhere = try coppice("retry", study.output + "-not", "--all", in: study.folder.url)
    #expect(nowhere.status == 66)
    #expect(try coppice("retry", study.output, "--all", "--trial", "1", in: study.folder.url).status == 64)
  }

  @Test func aSearchWhoseFolderIsRenamedEndsSoonAndGoesOnUnderTheNewName() throws {
    let study = try SmallStudy(trials: 4)
    let first = try study.start()
    defer { if first.isRunning { kill(first.processIdentifier, SIGKILL) } }
    let before = try #require(
      eventually(within: 120) { () -> [SmallStudy.HistoryEntry]? in
        guard let entries = try? study.history(), entries.count >= 2 else { return nil }
        return entries
      }, "no two results\n\(study.logs)")
    let new = study.folder.file("renamed").path
    try FileManager.default.moveItem(atPath: study.output, toPath: new)
    let ended: Void? = eventually(within: 60) { first.isRunning ? nil : () }
    #expect(ended != nil, "the search did not end\n\(study.logs)")
    first.waitUntilExit()
    #expect(first.terminationStatus == 73)
    #expect(study.logs.contains("was moved to '\(new)'"), "\(study.logs)")
    #expect(!FileManager.default.fileExists(atPath: study.output))

    let rest = try coppice("search", study.spec, "--output", new, "--resume", in: study.folder.url)
    #expect(rest.status == 0, "\(rest.errors)")
    let history = try coppice("front", new, "--history", "--json", in: study.folder.url)
    let after = try JSONDecoder().decode([SmallStudy.HistoryEntry].self, from: Data(history.output.utf8))
    #expect(Set(before).isSubset(of: after))
    #expect(Set(after.map { "\($0.trial)/\($0.rung)" }).count == after.count)
    #expect(!FileManager.default.fileExists(atPath: study.output))
  }
}
