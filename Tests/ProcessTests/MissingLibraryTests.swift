import Foundation
import TestSupport
import Testing

/// libtorch that the loader cannot use: said at once, in the loader's words, and never blamed on a network.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct MissingLibraryTests {
  /// Runs `coppice` where empty files stand in libtorch's place.
  private func coppice(_ arguments: [String], in folder: TemporaryFolder) throws -> CommandOutcome {
    let fake = folder.file("fake")
    try FileManager.default.createDirectory(at: fake, withIntermediateDirectories: true)
    for name in ["libtorch.so", "libtorch_cpu.so", "libc10.so"] {
      try Data().write(to: fake.appendingPathComponent(name))
    }
    return try ProcessTests.coppice(arguments, in: folder.url, environment: ["LD_LIBRARY_PATH": fake.path])
  }

  @Test func aSearchEndsBeforeItWritesAnything() throws {
    let study = try SmallStudy(trials: 2)
    let outcome = try coppice(["search", study.spec, "--output", study.output], in: study.folder)
    #expect(outcome.status == 69, "\(outcome.errors)")
    #expect(outcome.errors.contains("libc10.so") || outcome.errors.contains("libtorch"), "\(outcome.errors)")
    #expect(outcome.errors.contains("scripts/setup"), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: study.output))
  }

  @Test(arguments: [
    ["operators"], ["prune", "builtin:lenet5", "-o", "x.onnx"],
    ["sensitivity", "builtin:lenet5", "--picture", "x.svg"],
    ["doctor"],
  ]) func commandsThatComputeSaySo(_ arguments: [String]) throws {
    let folder = try TemporaryFolder()
    let outcome = try coppice(arguments, in: folder)
    #expect(outcome.status == 69, "\(arguments): \(outcome.errors)")
    let text = outcome.output + outcome.errors
    #expect(text.contains("libc10.so") || text.contains("libtorch"), "\(arguments): \(text)")
  }

  @Test func whatNeedsNoEngineStillWorks() throws {
    let folder = try TemporaryFolder()
    let outcome = try coppice(["inspect", "builtin:lenet5"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }
}
