import Foundation
import Support
import TestSupport
import Testing

@Suite struct InputFileErrorTests {
  @Test func whatIsWrongIsToldApart() throws {
    let folder = try TemporaryFolder()
    let good = folder.file("base.onnx")
    try Data("x".utf8).write(to: good)
    #expect(InputFileError(good.path, kind: "network file") == nil)
    try Data().write(to: folder.file("empty.onnx"))
    let empty = try #require(InputFileError(folder.file("empty.onnx").path, kind: "network file"))
    #expect(empty.code == .empty && empty.exitCode == .badData && empty.message.contains("is empty: it has 0 bytes"))
    let inside = try #require(InputFileError(folder.url.path, kind: "spec"))
    #expect(inside.code == .folder && inside.message.hasSuffix("is a folder, not a spec."))
    let below = try #require(InputFileError(good.path + "/x", kind: "spec"))
    #expect(below.code == .missing)
  }

  @Test func missingFilesNameTheirLikelyNeighbour() throws {
    let folder = try TemporaryFolder()
    try Data("x".utf8).write(to: folder.file("study.yaml"))
    try Data("x".utf8).write(to: folder.file("b.onnx"))
    for (name, neighbour) in [
      ("stduy.yaml", "study.yaml"), ("study.yml", "study.yaml"), ("a.onnx", nil), ("night.yaml", nil),
    ] {
      let error = try #require(InputFileError(folder.file(name).path, kind: "spec"))
      #expect(error.code == .missing && error.exitCode == .missingInput)
      #expect(error.message == "There is no spec '\(folder.file(name).path)'.")
      #expect(error.remedy?.contains("Do you mean") == (neighbour != nil), "\(name)")
      if let neighbour { #expect(error.remedy?.contains(folder.file(neighbour).path) == true) }
    }
  }

  /// A file that may not be read is there, whatever its name.
  @Test(arguments: [EACCES, EPERM]) func forbiddenFilesAreNotCalledMissing(number: Int32) {
    let error = InputFileError("/data/base.onnx", kind: "network file", errorNumber: number)
    #expect(
      error.code == .forbidden && error.message.contains("no permission") && !error.message.contains("There is no"))
    #expect(error.remedy?.contains("ls -ld '/data/base.onnx'") == true)
  }

  /// The same of the file system itself, where the tests do not run as root, who may read everything.
  @Test(.enabled(if: geteuid() != 0)) func closedFoldersAreNotCalledMissing() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: folder.file("closed"), withIntermediateDirectories: true)
    try Data("x".utf8).write(to: folder.file("closed/base.onnx"))
    chmod(folder.file("closed").path, 0)
    defer { chmod(folder.file("closed").path, 0o700) }
    #expect(InputFileError(folder.file("closed/base.onnx").path, kind: "network file")?.code == .forbidden)
  }
}

@Suite struct CommandLineWordsTests {
  @Test(
    arguments: [
      (["prune", "x", "--sparsity", "-0.5", "-o", "y"], ["prune", "x", "--sparsity=-0.5", "-o", "y"]),
      (["--ratios", "-0.1,0.5"], ["--ratios=-0.1,0.5"]), (["--lr", "-1e-3"], ["--lr=-1e-3"]),
      (["--workers", "-1"], ["--workers=-1"]), (["--rate", "-.5"], ["--rate=-.5"]), (["--lr", "-inf"], ["--lr=-inf"]),
      (["--trial=1", "-2"], ["--trial=1", "-2"]), (["-0.5"], ["-0.5"]),
      (["--json", "-o", "-"], ["--json", "-o", "-"]),
      (["--a", "--", "--b", "-1"], ["--a", "--", "--b", "-1"]), ([], []),
    ] as [([String], [String])])
  func negativeNumbersAreValues(arguments: [String], result: [String]) {
    #expect(NegativeNumbers.attached(arguments) == result)
  }

  @Test func unknownCommandsNameTheOneThatIsLikeThem() {
    let commands = ["prune", "profile", "search"]
    #expect(
      CommandName.fault(["prun", "x"], commands: commands) == "There is no command 'prun'; the nearest is 'prune'.")
    #expect(CommandName.fault(["build"], commands: commands) == "There is no command 'build'.")
    for good in [["prune", "prun"], ["help"], ["--help"], ["-h"], []] {
      #expect(CommandName.fault(good, commands: commands) == nil)
    }
  }
}
