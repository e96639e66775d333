import Foundation
import TestSupport
import Testing

/// What both programs do to a user's files and say when their output cannot be written. Nothing here trains or searches.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct OutputSafetyTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let spec = """
    coppice: 1
    study: STUDY
    network: {builtin: fashion-cnn}
    data: {format: idx, path: .}
    split: {train: 200, validation: 50, seen-training: false}
    objectives: [accuracy, parameters]
    budget: {trials: 2}
    """

  private func shell(_ script: String) throws -> CommandOutcome {
    try outcome(
      of: URL(fileURLWithPath: "/bin/sh"), ["-c", script], in: folder.url,
      environment: ["C": Installation.coppice.path, "E": Installation.coppice.path + "-engine"])
  }

  private func search(_ arguments: [String], study: String = "small") throws -> CommandOutcome {
    try Self.spec.replacingOccurrences(of: "STUDY", with: study)
      .write(to: folder.file("spec.yaml"), atomically: true, encoding: .utf8)
    return try coppice(["search", "spec.yaml"] + arguments, in: folder.url)
  }

  /// Help and lists come from the argument parser, too.
  @Test(arguments: [
    "$C inspect builtin:lenet5", "$C inspect builtin:lenet5 --json", "$C inspect builtin:lenet5 --tensors", "$C --help",
    "$C --version", "$C help search", "$C doctor", "$C operators", "$C operators --json", "$E operators --markdown",
    "$E --help",
    "$E identity", "$C prune --help", "$C profile builtin:lenet5 --json",
  ]) func textThatIsLostIsAnError(command: String) throws {
    let full = try shell("\(command) > /dev/full")
    #expect(full.status == 73 || (command == "$C doctor" && full.status == 69), "\(command): \(full)")
    #expect(full.errors.contains("standard output: No space left on device"), "\(command): \(full.errors)")
    let closed = try shell("\(command) >&-")
    #expect(closed.status != 0 && closed.errors.contains("standard output"), "\(command): \(closed)")
  }

  /// The reader has gone before anything is written.
  @Test(arguments: ["$C inspect builtin:lenet5", "$C --help", "$E operators", "$C operators --json"])
  func aReaderThatHasGoneEndsItQuietly(command: String) throws {
    let outcome = try shell("{ sleep 1; \(command); echo \"status $?\" >&2; } | true")
    #expect(outcome.errors == "status 141\n", "\(command): \(outcome.errors)")
  }

  @Test func messagesThatAreLostChangeNothing() throws {
    let wrong = [
      "$C front nowhere": 66, "$C inspec": 64, "$C prune nowhere.onnx --sparsity 0.5 -o a.onnx": 66, "$E prun": 64,
    ]
    for redirection in ["2>/dev/full", "2>&-"] {
      for (command, status) in wrong {
        #expect(try shell("\(command) \(redirection)").status == Int32(status), "\(command) \(redirection)")
      }
      let pruned = try shell("$C prune builtin:lenet5 --sparsity 0.5 --timings -o small.onnx \(redirection)")
      #expect(pruned.status == 0 && !pruned.output.isEmpty, "\(pruned)")
    }
  }

  @Test func aNetworkIsNeverWrittenOverItself() throws {
    let made = try shell("$C prune builtin:lenet5 --threshold 0 -o base.onnx --safetensors base.safetensors")
    #expect(made.status == 0, "\(made.errors)")
    symlink("base.onnx", folder.file("link.onnx").path)
    link(folder.file("base.onnx").path, folder.file("hard.onnx").path)
    let before = try Data(contentsOf: folder.file("base.onnx"))
    let prune = "$C prune base.onnx --sparsity 0.5"
    for command in [
      "\(prune) -o base.onnx", "\(prune) -o ./link.onnx", "\(prune) -o hard.onnx",
      "\(prune) -o new.onnx --masked base.onnx",
      "\(prune) -o new.onnx --write-plan link.onnx", "\(prune) -o new.onnx --safetensors base.onnx",
      "\(prune) -o new.onnx --masked new.onnx", "\(prune) --weights base.safetensors -o base.safetensors",
      "$C prune base.onnx --plan plan.json -o plan.json", "$C run base.onnx --inputs in.npz --outputs in.npz",
      "$C run base.onnx --inputs in.npz --outputs base.onnx", "$C inspect base.onnx --picture hard.onnx",
      "$C sensitivity base.onnx --data idx:. --picture base.onnx",
      "$C sensitivity base.onnx --data idx:. --scan=base.onnx",
      "$C sensitivity base.onnx --data idx:. --picture a.svg --scan a.svg",
      "$C sensitivity base.onnx --data idx:. --picture t10k-labels-idx1-ubyte.gz",
      "$C train --network base.onnx --data idx:. -o link.onnx",
      "$C train --network lenet5 --data idx:. -o train-images-idx3-ubyte",
    ] {
      for name in ["in.npz", "plan.json", "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"] {
        try Data(name.utf8).write(to: folder.file(name))
      }
      let outcome = try shell(command)
      #expect(outcome.status == 73 && outcome.errors.contains("Cannot write"), "\(command): \(outcome)")
      #expect(try Data(contentsOf: folder.file("base.onnx")) == before, "\(command)")
      #expect(try Data(contentsOf: folder.file("in.npz")) == Data("in.npz".utf8))
      #expect(!FileManager.default.fileExists(atPath: folder.file("new.onnx").path), "\(command)")
    }
  }

  @Test func outputsFollowLinksAndReplaceNothingElse() throws {
    try Data("old".utf8).write(to: folder.file("target.onnx"))
    symlink("target.onnx", folder.file("link.onnx").path)
    mkfifo(folder.file("pipe").path, 0o600)
    symlink("pipe", folder.file("link-to-pipe").path)
    let through = try shell("$C prune builtin:lenet5 --sparsity 0.5 -o link.onnx")
    #expect(through.status == 0, "\(through.errors)")
    #expect(try shell("test -L link.onnx && $C inspect target.onnx").status == 0)
    for command in [
      "$C prune builtin:lenet5 --sparsity 0.5 -o pipe", "$C prune builtin:lenet5 --sparsity 0.5 -o link-to-pipe",
      "$C prune builtin:lenet5 --sparsity 0.5 -o . ", "$C prune builtin:lenet5 --sparsity 0.5 -o new/",
      "$C inspect builtin:lenet5 --picture pipe", "$C prune builtin:lenet5 --sparsity 0.5 -o a.onnx --write-plan pipe",
      "$C prune builtin:lenet5 --sparsity 0.5 -o absent/a.onnx", "$C prune builtin:lenet5 --sparsity 0.5 -o ''",
    ] {
      let outcome = try shell(command)
      #expect(outcome.status == 73 && outcome.errors.hasPrefix("error: "), "\(command): \(outcome)")
    }
    #expect(try shell("test -p pipe && test -L link-to-pipe && ! test -e a.onnx").status == 0)
  }

  @Test func aSearchLeavesOthersFilesAlone() throws {
    try SyntheticImages.writeIDX(to: folder.url, training: 300, test: 100)
    try FileManager.default.createDirectory(at: folder.file("mine"), withIntermediateDirectories: true)
    try Data("my own report".utf8).write(to: folder.file("mine/report.html"))
    let refused = try search(["--output", "mine"])
    #expect(refused.status == 73 && refused.errors.contains("'report.html'"), "\(refused.errors)")
    #expect(try String(contentsOf: folder.file("mine/report.html"), encoding: .utf8) == "my own report")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("mine").path) == ["report.html"])

    try Data().write(to: folder.file("file"))
    let file = try search(["--output", "file"])
    #expect(file.status == 73 && file.errors.contains("is a file"), "\(file.errors)")
    let below = try search(["--output", "file/out"])
    #expect(below.status == 73 && !below.errors.contains("Cocoa"), "\(below.errors)")
    let nothing = try search(["--output", "absent", "--resume"])
    #expect(nothing.status == 66 && nothing.errors.contains("no study"), "\(nothing.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("absent").path))
  }

  @Test(arguments: ["../../up", "/up", "..", "a/../../up", String(repeating: "a", count: 360)])
  func aStudysNameLeadsNowhereElse(name: String) throws {
    let outcome = try search([], study: "'\(name)'")
    #expect(outcome.status == 78 && outcome.errors.contains("'study'"), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("coppice-out").path))
  }
}
