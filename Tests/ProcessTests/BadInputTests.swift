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
    ("percentage", "constraints: [\"accuracy >= 95\"]", "accuracy >= 0.95"),
    ("too many parameters", "constraints: [\"parameters >= 1G\"]", "no network keeps 'parameters >= 1000000000.0'"),
    ("layer name", "space: {layers: {exclude: [\"cnov*\"]}}", "'cnov*' matches no layer"),
    ("layer without weights", "space: {layers: {include: [\"*relu*\"]}}", "matches no layer"),
    ("grid of a range", "sampler: grid", "sparsity: [0.3, 0.5, 0.7]"),
    (
      "listed plan", "plans: [{criterion: l1, sparsity: 0.5, layers: {include: [\"gone\"]}}]", "'gone' matches no layer"
    ),
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

  /// What the data tell before anything starts, also to a dry run.
  @Test(arguments: [
    ("seen-training: false}", "seen-training: false}\ninput: {mean: [0.1, 0.2, 0.3]}", "input.mean has 3 values"),
    ("{builtin: fashion-cnn}", "{builtin: resnet20}", "has images of [1, 28, 28]"),
    ("validation: 50", "validation: 500", "500"),
  ]) func whatDoesNotGoWithTheDataIsRefused(old: String, new: String, named: String) throws {
    let folder = try TemporaryFolder()
    try SyntheticImages.writeIDX(to: folder.url, training: 300, test: 100)
    let spec = Self.spec.replacingOccurrences(of: old, with: new)
    #expect(spec != Self.spec)
    for arguments in [[], ["--dry-run"]] {
      let outcome = try search(spec, in: folder, arguments)
      #expect(outcome.status == 78 && outcome.errors.contains(named), "\(arguments): \(outcome.errors)")
      #expect(outcome.output.contains("study: bad") == !arguments.isEmpty, "a dry run prints the spec all the same")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
    // Without data a dry run prints the spec, and fails.
    try FileManager.default.removeItem(at: folder.file("t10k-images-idx3-ubyte"))
    let missing = try search(Self.spec, in: folder, ["--dry-run"])
    #expect(missing.status == 66 && missing.output.contains("study: bad"), "\(missing.errors)")
  }

  @Test func aDryRunListsTheGridAndWarnsOfWorkers() throws {
    let folder = try TemporaryFolder()
    try SyntheticImages.writeIDX(to: folder.url, training: 300, test: 100)
    let spec =
      Self.spec.replacingOccurrences(of: "budget: {trials: 2}", with: "sampler: grid")
      + "\nspace: {criterion: [l1, l2], sparsity: [0.3, 0.5]}\nworkers: 1000\n"
    let outcome = try search(spec, in: folder, ["--dry-run"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.output.contains("# The grid has 4 plans; each goes on to the last rung (rung 2):"), "\(outcome.output)")
    #expect(
      outcome.output.contains("#   2  l1, local, sparsity 0.5\n#   3  l2, local, sparsity 0.3"), "\(outcome.output)")
    #expect(outcome.output.contains("Warning: 1000 workers share"), "\(outcome.output)")
  }

  @Test func networkThatGuessesIsRefused() throws {
    let folder = try TemporaryFolder()
    try SyntheticImages.writeIDX(to: folder.url, training: 300, test: 100)
    let outcome = try search(Self.spec, in: folder)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("guessing"), "\(outcome.errors)")
    // The spec can be mended and given again; a folder that was there stays, with what was in it.
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
    try FileManager.default.createDirectory(at: folder.file("out/mine"), withIntermediateDirectories: true)
    let again = try search(Self.spec, in: folder)
    #expect(again.status != 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("out").path) == ["mine"])
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
    #expect(none.status == 0 && none.errors.contains("nothing was removed from 'fashion-cnn'"), "\(none.errors)")
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
    let command = try coppice("prun", "x.onnx", in: folder.url)
    #expect(command.status == 64 && command.errors.contains("'prune'"), "\(command.errors)")
    let share = try coppice("prune", "builtin:resnet20", "--sparsity", "-0.5", "-o", "x.onnx", in: folder.url)
    #expect(share.status == 64 && share.errors.contains("0 to below 1, not -0.5"), "\(share.errors)")
    let workers = try coppice("search", "x.yaml", "--workers", "-1", in: folder.url)
    #expect(workers.status == 64 && workers.errors.contains("1 to 256, not -1"), "\(workers.errors)")
    #expect(try coppice("prune", "builtin:resnet20", "--sparsity", "1.5", "-o", "x.onnx", in: folder.url).status == 64)
  }

  @Test func aGPUIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    for device in ["cuda", "cuda:1", "gpu"] {
      let outcome = try coppice("profile", "builtin:lenet5", "--device", device, in: folder.url)
      #expect(outcome.status == 69 && outcome.errors.contains("GPU"), "\(outcome.errors)")
    }
    #expect(try coppice("profile", "builtin:lenet5", "--device", "tpu", in: folder.url).status == 64)
    let outcome = try search(Self.spec + "\ndevice: cuda", in: folder)
    #expect(outcome.status == 78 && outcome.errors.contains("no GPU"), "\(outcome.errors)")
  }

  /// Each of these was once called missing, or not YAML.
  @Test func emptyFilesAreCalledEmpty() throws {
    let folder = try TemporaryFolder()
    for name in ["empty.yaml", "empty.onnx", "empty.npz", "empty.json"] { try Data().write(to: folder.file(name)) }
    try Data("# only words\n\n  \n".utf8).write(to: folder.file("comments.yaml"))
    for (arguments, status) in [
      (["search", "empty.yaml"], 78), (["inspect", "empty.onnx"], 65),
      (["run", "builtin:lenet5", "--inputs", "empty.npz", "--outputs", "o.npz"], 65),
      (["prune", "builtin:lenet5", "--plan", "empty.json", "-o", "o.onnx"], 65),
    ] as [([String], Int32)] {
      let outcome = try coppice(arguments, in: folder.url)
      #expect(outcome.status == status && outcome.errors.contains("is empty: it has 0 bytes"), "\(outcome.errors)")
    }
    let comments = try coppice("search", "comments.yaml", in: folder.url)
    #expect(comments.status == 78 && comments.errors.contains("nothing but comments"), "\(comments.errors)")
    let inside = try coppice("search", ".", in: folder.url)
    #expect(inside.status == 66 && inside.errors.contains("is a folder, not a spec"), "\(inside.errors)")
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

  private func search(
    _ spec: String, in folder: TemporaryFolder, _ arguments: [String] = []
  ) throws -> CommandOutcome {
    try spec.replacingOccurrences(of: "DATA", with: folder.url.path)
      .write(to: folder.file("spec.yaml"), atomically: true, encoding: .utf8)
    return try coppice(["search", "spec.yaml", "--output", "out"] + arguments, in: folder.url)
  }
}
