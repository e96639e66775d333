import Foundation
import Support
import TestSupport
import Testing

@Suite struct CanonicalBytesTests {
  struct Sample: Codable, Equatable {
    var zebra = 1.5
    var apple = "a/b \"ö\""
    var table = ["b": 2, "a": 1, "ä": 3]
    var large = UInt64.max
    var none: Int?
  }

  @Test func oneValueHasOneForm() throws {
    let bytes = try CanonicalBytes.encode(Sample())
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"apple":"a/b \"ö\"","large":18446744073709551615,"table":{"a":1,"b":2,"ä":3},"zebra":1.5}"#)
    #expect(try CanonicalBytes.decode(Sample.self, from: bytes) == Sample())
    #expect(try CanonicalBytes.digest(of: Sample()) == Digest(of: bytes))
  }

  @Test(arguments: [0.1, 1 / 3, 1e-300, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, .infinity])
  func numbersComeBackToTheBit(number: Double) throws {
    let back = try CanonicalBytes.decode([Double].self, from: CanonicalBytes.encode([number]))
    #expect(back[0].bitPattern == number.bitPattern)
  }
}

@Suite struct DurableFileTests {
  @Test func filesAreWholeOrAbsent() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("report.html")
    try DurableFile.write(Data("one".utf8), to: file)
    try DurableFile.write(Data("two".utf8), to: file)
    #expect(try Data(contentsOf: file) == Data("two".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["report.html"])

    let fault = #expect(throws: FileFault.self) {
      try DurableFile.write(Data(), to: folder.file("no/such/folder/file"))
    }
    #expect(fault?.errorNumber == ENOENT && fault?.remedy != nil)
    // A folder in the file's place cannot be replaced, and nothing half-written stays behind.
    #expect(throws: FileFault.self) { try DurableFile.write(Data(), to: folder.url) }
    let beside = try FileManager.default.contentsOfDirectory(atPath: folder.url.deletingLastPathComponent().path)
    #expect(!beside.contains { $0.hasSuffix(".partial") && $0.contains(folder.url.lastPathComponent) })
  }
}

@Suite struct UnitsTests {
  @Test(arguments: [(0, "0 B"), (1023, "1023 B"), (1536, "1.50 KiB"), (20 << 20, "20.0 MiB"), (3 << 40, "3.00 TiB")])
  func bytes(count: Int, text: String) { #expect(Units.bytes(count) == text) }

  @Test(arguments: [(9999, "9999"), (12_345, "12.35 k"), (1_234_567, "1.23 M"), (123_456_789, "123.5 M")])
  func counts(count: Int, text: String) { #expect(Units.count(count) == text) }

  @Test(arguments: [
    (0.25, "250 ms"), (9.94, "9.9 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (75, "1 min 15 s"), (7260, "2 h 1 min"),
  ])
  func durations(seconds: Double, text: String) { #expect(Units.duration(seconds: seconds) == text) }

  @Test func timeLeftOfAnEstimate() {
    #expect(Units.timeLeft(seconds: 55) == "55 s left")
    #expect(Units.timeLeft(seconds: 0) == "ending" && Units.timeLeft(seconds: -1) == "ending")
  }
}

@Suite struct ProgressMeterTests {
  @Test func shortStepsStaySilentAndLongOnesTellTheTimeLeft() {
    var time = 0.0
    var shown: [String] = []
    let meter = ProgressMeter("Training", isTerminal: false, now: { time }, sink: { shown.append($0) })
    time = 1.9
    meter.update(0.1)
    meter.finish()
    #expect(shown.isEmpty)
    time = 10
    meter.update(0.25, detail: "loss 0.5")
    #expect(shown == ["Training: 25%, 30 s left  loss 0.5\n"])
    time = 11
    meter.update(0.3)
    #expect(shown.count == 1)
    time = 40
    meter.finish("accuracy 90%")
    #expect(shown.last == "Training: accuracy 90% in 40 s\n")
  }
}

@Suite struct ErrorTests {
  @Test func descriptionsCarryTheRemedy() {
    let fault = FileFault(operation: "write", path: "/x", errorNumber: ENOSPC)
    #expect("\(fault)" == "Cannot write '/x': No space left on device. Free some space on that disk, then try again.")
    #expect(fault.exitCode == .cannotCreate)
    #expect(FileFault(operation: "read", path: "/x", errorNumber: ENOENT).exitCode == .missingInput)
    #expect(Set(ExitCode.allCases.map(\.rawValue)).count == ExitCode.allCases.count)
  }
}

@Suite struct ExitCodeTests {
  /// What scripts and supervisors go by is what the document beside the code says.
  @Test func theDocumentedTableIsTheWholeTable() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("Sources/Coordination/README.md"), encoding: .utf8)
    let rows = text.split(separator: "\n").compactMap { line -> String? in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 2, let code = Int32(cells[0]) else { return nil }
      return "\(code) \(cells[1])"
    }
    #expect(rows == ExitCode.allCases.map { "\($0.rawValue) \($0.meaning)" })
  }
}
