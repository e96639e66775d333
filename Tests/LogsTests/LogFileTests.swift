import Foundation
import Logs
import TestSupport
import Testing

@Suite struct LogFileTests {
  private func text(_ url: URL) -> String? { try? String(contentsOf: url, encoding: .utf8) }

  @Test func aFloodIsHeldInTwoFilesThatEndWithTheLatestLine() throws {
    let folder = try TemporaryFolder()
    let file = LogFile(folder.file("a.log").path, limit: 1000)
    for number in 1...500 { file.write("line \(number)\n") }
    let (new, old) = (try #require(text(folder.file("a.log"))), try #require(text(folder.file("a.log.1"))))
    #expect(new.utf8.count <= 1000 && old.utf8.count <= 1000)
    #expect(new.hasSuffix("line 500\n"))
    // Nothing is lost between the two.
    let numbers = (old + new).split(separator: "\n").compactMap { Int($0.dropFirst(5)) }
    #expect(numbers == Array((501 - numbers.count)...500) && numbers.count > 80)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 2)
  }

  @Test func aLogGoesOnWhereItsFileExists() throws {
    let folder = try TemporaryFolder()
    LogFile(folder.file("a.log").path).write("first\n")
    LogFile(folder.file("a.log").path).write("second\n")
    #expect(text(folder.file("a.log")) == "first\nsecond\n")
  }

  @Test func nothingIsMadeBeforeTheFirstLine() throws {
    let folder = try TemporaryFolder()
    let file = LogFile(folder.file("a.log").path)
    #expect(text(folder.file("a.log")) == nil)
    file.write("now\n")
    #expect(text(folder.file("a.log")) == "now\n")
  }

  @Test func aFolderThatIsRemovedStopsNobodyAndFillsNoDisk() throws {
    let folder = try TemporaryFolder()
    let inner = folder.file("logs")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    let file = LogFile(inner.appendingPathComponent("a.log").path, limit: 1000)
    file.write("first\n")
    let descriptors = { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") }
    let own = try #require(
      try descriptors().first {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.hasSuffix("logs/a.log")
          == true
      }.flatMap(Int32.init))
    try FileManager.default.removeItem(at: inner)
    for number in 1...500 { file.write("line \(number)\n") }
    var status = stat()
    #expect(fstat(own, &status) == 0)
    #expect(status.st_size > 0 && status.st_size <= 1000)
  }

  /// A pipe that nobody reads would hold us, and a log that is full gives its file another name.
  @Test func whatIsNoPlainFileIsLeftAlone() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe.log").path
    #expect(mkfifo(pipe, 0o600) == 0)
    // With a reader, opening it works at once.
    for reader in [-1, Foundation.open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)] {
      let log = LogFile(pipe, limit: 8)
      for line in ["first line\n", "second line\n"] { log.write(line) }
      if reader >= 0 {
        var byte: UInt8 = 0
        #expect(read(reader, &byte, 1) <= 0)
        close(reader)
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["pipe.log"])
  }

  @Test func linksAreNotFollowed() throws {
    let folder = try TemporaryFolder()
    try Data("precious".utf8).write(to: folder.file("other"))
    try FileManager.default.createSymbolicLink(at: folder.file("a.log"), withDestinationURL: folder.file("other"))
    LogFile(folder.file("a.log").path).write("to standard error, as the warning before it says\n")
    #expect(text(folder.file("other")) == "precious")
  }
}
