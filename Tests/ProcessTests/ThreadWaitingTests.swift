import Foundation
import Support
import TestSupport
import Testing

/// How the kernels' threads wait in real engines, as OpenMP itself says when its library is loaded.
@Suite(.tags(.processes), .twoAtOnce) struct ThreadWaitingTests {
  /// The spin counts that OpenMP prints, one for each time that its library was loaded.
  private func spins(_ program: String, _ arguments: [String], _ settings: [String: String] = [:]) throws -> [String] {
    let process = Process()
    process.executableURL = Installation.folder.appendingPathComponent(program)
    process.arguments = arguments
    var environment = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("OMP_") && !$0.key.hasPrefix("GOMP_")
    }
    environment["OMP_DISPLAY_ENV"] = "verbose"
    process.environment = environment.merging(settings) { $1 }
    let errors = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    return text.matches(of: /GOMP_SPINCOUNT = '([0-9]+)'/).map { String($0.1) }
  }

  @Test func anEngineStartedByHandStartsAgainWithThreadsThatSleep() throws {
    let found = try spins("coppice-engine", ["--version"])
    try #require(found.count == 2, "\(found)")
    #expect(found[0] != found[1] && found[1] == "\(ThreadEnvironment.usualSpins)")
  }

  @Test func anEngineStartedByCoppiceIsToldBeforeItStarts() throws {
    #expect(try spins("coppice", ["train", "--help"]) == ["\(ThreadEnvironment.usualSpins)"])
  }

  @Test func whatTheUserSetsStays() throws {
    for program in ["coppice", "coppice-engine"] {
      #expect(try spins(program, ["train", "--help"], ["GOMP_SPINCOUNT": "77"]) == ["77"])
      #expect(try spins(program, ["train", "--help"], ["OMP_WAIT_POLICY": "passive"]) == ["0"])
    }
  }
}
