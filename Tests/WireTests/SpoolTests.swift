import Foundation
import StudyModel
import Testing
import WireProtocol
import WorkerNode

@Suite struct SpoolTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coppice-spool-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @Test func resultsOutliveTheProcess() throws {
    try withFolder { folder in
      let reports = try [12, 3].map { try ResultReport(lease: LeaseID($0), result: Example.result()) }
      let spool = try Spool(folder: folder)
      try spool.write(reports[0], run: "one")
      try spool.write(reports[1], run: "../two/\u{0}")
      try spool.write(reports[1], run: "../two/\u{0}")
      let (results, unreadable) = try Spool(folder: folder).load()
      #expect(unreadable.isEmpty)
      #expect(
        results == [
          SpooledResult(run: "../two/\u{0}", report: reports[1]), SpooledResult(run: "one", report: reports[0]),
        ])
      spool.remove(LeaseID(12), run: "one")
      spool.remove(LeaseID(12), run: "one")
      #expect(spool.load().results.count == 1)
    }
  }

  @Test func damagedFilesAreNamedAndLeft() throws {
    try withFolder { folder in
      let spool = try Spool(folder: folder)
      let report = try ResultReport(lease: LeaseID(1), result: Example.result())
      try spool.write(report, run: "run")
      let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
      let url = URL(fileURLWithPath: folder).appendingPathComponent(name)
      let whole = try Data(contentsOf: url)
      for damaged in [Data(), whole.prefix(whole.count / 2), Data("{}".utf8)] {
        try Data(damaged).write(to: url)
        let (results, unreadable) = spool.load()
        #expect(results.isEmpty)
        #expect(unreadable == [name])
      }
      #expect(FileManager.default.fileExists(atPath: url.path))
    }
  }
}
