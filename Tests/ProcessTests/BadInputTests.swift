import Foundation
import TestSupport
import Testing

/// Three things hold of every mistake: the status of the table, words that name the place and the value, and nothing written.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct BadInputTests {
  private static let spec = """
    coppice: 1
    study: bad
    network: {builtin: fashion-cnn}
    data: {format: idx, path: DATA}
    split: {train: 200, validation: 50, seen-training: false}
    objectives: [accuracy, parameters]
    budget: {trials: 2}
    """

  @Test(arguments: [
    ("sparsity", "space: {sparsitee: {min: 0, max: 0.5}}", "sparsity"),
    ("range", "space: {sparsity: {min: 0.9, max: 0.2}}", "0.9"),
    ("not built", "space: {round-to: auto}", "auto"),
    ("nothing to prune", "space: {granularity: head}", "attention heads"),
    ("conflict", "space: {scope: layers-then-weights, schedule: agp}", "'agp'"),
    ("not YAML", "space: {criterion: [l1", "line"),
    ("constraint", "constraints: [\"accuracy => 0.5\"]", "accuracy => 0.5"),
  ]) func specs(what: String, line: String, named: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try search(Self.spec + "\n" + line, in: folder)
    #expect(outcome.status == 78, "\(what): \(outcome.errors)")
    #expect(outcome.errors.contains(named), "\(what): \(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
  }

  @Test func missingFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    let noSpec = try coppice("search", "absent.yaml", in: folder.url)
    #expect(noSpec.status == 66 && noSpec.errors.contains("absent.yaml"), "\(noSpec.errors)")
    let noNetwork = try search(
      Self.spec.replacingOccurrences(of: "{builtin: fashion-cnn}", with: "gone.onnx"), in: folder)
    #expect(noNetwork.status == 66 && noNetwork.errors.contains("gone.onnx"), "\(noNetwork.errors)")
    let noData = try search(Self.spec, in: folder)
    #expect(noData.status == 66, "\(noData.errors)")
    let noStudy = try coppice("front", "nowhere", in: folder.url)
    #expect(noStudy.status == 66 && noStudy.errors.contains("nowhere"), "\(noStudy.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
  }

  @Test func truncatedDataAreFoundBeforeAnythingStarts() throws {
    let folder = try TemporaryFolder()
    try SyntheticImages.writeIDX(to: folder.url, training: 300, test: 100)
    let file = folder.file("train-images-idx3-ubyte")
    try Data(contentsOf: file).dropLast(100).write(to: file)
    let outcome = try search(Self.spec, in: folder)
    #expect(outcome.status == 65, "\(outcome.errors)")
    #expect(outcome.errors.contains("train-images-idx3-ubyte"), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
  }

  @Test func networkThatGuessesIsRefused() throws {
    let folder = try TemporaryFolder()
    try SyntheticImages.writeIDX(to: folder.url, training: 300, test: 100)
    let outcome = try search(Self.spec, in: folder)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("guessing"), "\(outcome.errors)")
    // The dense network was measured, and nothing else.
    let history = try coppice("front", folder.file("out").path, "--history", "--json", in: folder.url)
    #expect(history.output.trimmingCharacters(in: .whitespacesAndNewlines).filter { !$0.isWhitespace } == "[]")
  }

  @Test func networkThatIsNoONNXIsRefused() throws {
    let folder = try TemporaryFolder()
    try Data("not a network".utf8).write(to: folder.file("junk.onnx"))
    for command in [["inspect", "junk.onnx"], ["profile", "junk.onnx"]] {
      let outcome = try coppice(command[0], command[1], in: folder.url)
      #expect(outcome.status == 65, "\(command): \(outcome.errors)")
      #expect(outcome.errors.contains("junk.onnx"), "\(command): \(outcome.errors)")
    }
    let prune = try coppice(
      "prune", "junk.onnx", "--sparsity", "0.5", "--criterion", "l1", "-o", "out.onnx", in: folder.url)
    #expect(prune.status == 65, "\(prune.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.onnx").path))
  }

  @Test(arguments: ["head", "unit", "layer", "512:1024"]) func nothingToPruneIsRefused(granularity: String) throws {
    let folder = try TemporaryFolder()
    let prune = try coppice(
      "prune", "builtin:fashion-cnn", "--layers", "conv*", "--granularity", granularity, "--sparsity", "0.5", "-o",
      "out.onnx", in: folder.url)
    #expect(prune.status == 78, "\(prune.errors)")
    #expect(prune.errors.contains("'\(granularity)'") && prune.errors.contains("coppice inspect"), "\(prune.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.onnx").path))
    // A plan that finds something and takes nothing is no mistake.
    let none = try coppice("prune", "builtin:fashion-cnn", "--threshold", "0", "-o", "out.onnx", in: folder.url)
    #expect(none.status == 0 && none.errors.contains("nothing left 'fashion-cnn'"), "\(none.errors)")
  }

  @Test(arguments: [
    ["--granularity", "2:4", "--schedule", "agp", "--fine-tune", "1"], ["--sparsity", "0.5", "--layer-share", "0.5"],
    ["--sparsity", "0.5", "--scope", "layers-then-weights", "--layer-share", "0"],
    ["--sparsity", "0.5", "--scope", "layers-then-weights", "--order", "top-down"],
    ["--sparsity", "0.5", "--scope", "row"], ["--threshold", "1", "--granularity", "element", "--scope", "row"],
  ]) func optionsThatCannotBeTogetherAreRefused(options: [String]) throws {
    let folder = try TemporaryFolder()
    let outcome = try coppice(["prune", "builtin:fashion-cnn", "-o", "out.onnx"] + options, in: folder.url)
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.onnx").path))
  }

  @Test func commandLinesAreCheckedFirst() throws {
    let folder = try TemporaryFolder()
    #expect(try coppice("search", "x.yaml", "--workers", "0", in: folder.url).status == 64)
    #expect(try coppice("serch", in: folder.url).status == 64)
    #expect(try coppice("prune", "builtin:resnet20", "--sparsity", "1.5", "-o", "x.onnx", in: folder.url).status == 64)
  }

  @Test func changedSpecIsRefusedOnResumeWithTheDifference() throws {
    let study = try SmallStudy(trials: 2)
    let search = try study.start()
    search.waitUntilExit()
    #expect(search.terminationStatus == 0, "\(study.logs)")
    let text = try String(contentsOfFile: study.spec, encoding: .utf8)
    try text.replacingOccurrences(of: "max: 0.9", with: "max: 0.8")
      .write(toFile: study.spec, atomically: true, encoding: .utf8)
    let outcome = try coppice("search", study.spec, "--output", study.output, "--resume", in: study.folder.url)
    #expect(outcome.status == 78, "\(outcome.errors)")
    #expect(outcome.errors.contains("0.9") && outcome.errors.contains("0.8"), "\(outcome.errors)")
  }

  private func search(_ spec: String, in folder: TemporaryFolder) throws -> CommandOutcome {
    try spec.replacingOccurrences(of: "DATA", with: folder.url.path)
      .write(to: folder.file("spec.yaml"), atomically: true, encoding: .utf8)
    return try coppice("search", "spec.yaml", "--output", "out", in: folder.url)
  }
}
