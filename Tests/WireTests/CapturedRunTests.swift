import Foundation
import Launching
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct CapturedRunTests {
  private func run(_ script: String, within seconds: Double = 30) throws -> CapturedRun {
    try CapturedRun("/bin/sh", ["-c", script], within: seconds)
  }

  @Test func theEndAndBothOutputsAreKept() throws {
    let run = try run("echo out; echo error >&2; exit 7")
    #expect(run.exit == .code(7))
    #expect(run.output.split(separator: "\n").sorted() == ["error", "out"])
    #expect(try self.run("kill -SEGV $$").exit == .signal(SIGSEGV))
  }

  @Test func muchOutputDoesNotHoldItUp() throws {
    let run = try run("yes | head -c 3000000; echo end")
    #expect(run.exit == .code(0))
    #expect(run.output.utf8.count == 64 * 1024)
  }

  @Test func aProgramThatHangsIsKilledWithItsChildren() throws {
    let run = try run("echo begins; sleep 1000 & sleep 1000", within: 0.3)
    #expect(run.exit == nil && run.output == "begins\n")
  }

  @Test func aChildThatKeepsTheOutputOpenIsNotWaitedFor() throws {
    #expect(try run("sleep 1000 & echo done").exit == .code(0))
  }

  @Test func aMissingProgramIsAnError() {
    #expect { try CapturedRun("/no/such/program", [], within: 1) } throws: {
      ($0 as? LaunchError)?.code == .executableMissing
    }
  }
}
