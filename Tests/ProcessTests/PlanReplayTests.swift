import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support
import TestSupport
import Testing

/// Recipes that are written down make the same networks again, as a user does it; and the scan of what may leave.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct PlanReplayTests {
  /// The number of threads that each of a search's two workers gets.
  private let threads = "\(max(1, ProcessInfo.processInfo.activeProcessorCount / 2))"

  private func weights(_ url: URL) throws -> [String: TensorData] { try ONNXFile.read(url).weights }

  /// Every network of a small front, at the top rung of two trained ones, from its file and from the JSON of its plan.
  @Test func frontNetworksAreMadeAgainBitForBit() throws {
    let study = try SmallStudy(trials: 6)
    let search = try coppice(
      ["search", study.spec, "--workers", "2", "--output", study.output], in: study.folder.url)
    #expect(search.status == 0, "\(search.errors)")
    let base = try SmallStudy.trained.get()
    let folder = study.folder
    let networks = URL(fileURLWithPath: study.output).appendingPathComponent("networks")
    let names = try FileManager.default.contentsOfDirectory(atPath: networks.path).filter { $0.hasSuffix(".onnx") }
    try #require(!names.isEmpty)
    for (number, name) in names.sorted().prefix(2).enumerated() {
      let original = networks.appendingPathComponent(name)
      let fixed = [
        "prune", base.file("base.onnx").path, "--data", "idx:\(base.url.path)", "--threads", threads,
        "--allow-near-chance",
      ]
      let replay = try coppice(
        fixed + ["--plan", original.path, "-o", "again.onnx", "--write-plan", "plan.json"], in: folder.url)
      #expect(replay.status == 0, "\(replay.errors)")
      #expect(replay.output.contains("weights identical"), "\(replay.output)")
      let expected = try weights(original)
      #expect(try weights(folder.file("again.onnx")) == expected, "\(name)")
      let plan = try Data(contentsOf: folder.file("plan.json"))
      #expect(try ONNXFile.read(original).metadata["coppice.plan"] == String(decoding: plan, as: UTF8.self))
      guard number == 0 else { continue }

      let inspected = try coppice("inspect", original.path, "--json", in: folder.url)
      try Data(inspected.output.utf8).write(to: folder.file("inspected.json"))
      for file in ["plan.json", "inspected.json"] {
        let outcome = try coppice(
          fixed + ["--plan", file, "--fine-tune", "0.5,1", "-o", "json.onnx"], in: folder.url)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try weights(folder.file("json.onnx")) == expected, "\(file)")
      }
      // Other instructions round otherwise; that is said, and is no error.
      let elsewhere = try coppice(
        fixed + ["--plan", original.path, "-o", "elsewhere.onnx"], in: folder.url,
        environment: ["ATEN_CPU_CAPABILITY": "default"])
      #expect(elsewhere.status == 0, "\(elsewhere.errors)")
      #expect(elsewhere.output.contains("units are the same; the largest difference of a weight is"))
      // One stretch of training is another network than two.
      let other = try coppice(fixed + ["--plan", "plan.json", "--fine-tune", "1", "-o", "other.onnx"], in: folder.url)
      #expect(other.status == 0, "\(other.errors)")
      #expect(try weights(folder.file("other.onnx")) != expected)
      // The plan of a network belongs to its dense network.
      let strange = try coppice(
        "prune", "builtin:fashion-cnn", "--data", "idx:\(base.url.path)", "--plan", original.path, "-o", "x.onnx",
        in: folder.url)
      #expect(strange.status == Int32(ExitCode.configuration.rawValue) && strange.errors.contains("was cut from"))
    }
  }

  /// The dense network was trained without a mean. What a search makes under another scaling is fed so wherever it goes.
  @Test func networksOfASearchCarryTheScalingOfItsSpec() throws {
    let study = try SmallStudy(trials: 2, input: "{mean: [0.05], std: [0.9]}")
    let base = try SmallStudy.trained.get()
    let (folder, data) = (study.folder.url, "idx:\(base.url.path)")
    let search = ["search", study.spec, "--workers", "2", "--output", study.output]
    let refused = try coppice(search, in: folder)
    #expect(refused.status == Int32(ExitCode.configuration.rawValue) && refused.errors.contains("--force-input"))
    #expect(!FileManager.default.fileExists(atPath: study.output))
    let forced = try coppice(search + ["--force-input"], in: folder)
    #expect(forced.status == 0, "\(forced.errors)")
    #expect(forced.errors.contains("input: pixels/255, mean 0.05, std 0.9 (spec; "), "\(forced.errors)")

    let report = try String(contentsOfFile: study.output + "/report.html", encoding: .utf8)
    #expect(report.contains("-again --force-input</pre>"), "the command that runs it again")

    let networks = URL(fileURLWithPath: study.output).appendingPathComponent("networks")
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: networks.path).filter { $0.hasSuffix(".onnx") }.min())
    let network = networks.appendingPathComponent(name).path
    let evaluated = try coppice("evaluate", network, "--data", data, "--split", "validation", "--json", in: folder)
    #expect(evaluated.status == 0 && evaluated.errors.contains("mean 0.05, std 0.9 (from '"), "\(evaluated.errors)")
    let shown = try #require(
      try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any])
    #expect((shown["input"] as? [String: Any])?["mean"] as? [Double] == [0.05])
    // On the very samples that judged the search.
    let successes = ((shown["figures"] as? [String: Any])?["accuracy"] as? [String: Any])?["successes"] as? Int
    // The share has the name that it has in the front's JSON.
    #expect(shown["accuracy"] as? Double == successes.map { Double($0) / 200 })
    let records = try study.history().filter { name.hasPrefix("trial-000\($0.trial)-rung-\($0.rung).") }
    let judged = try #require(records.first.map { Int(($0.accuracy * 200).rounded()) })
    // Another number of threads rounds otherwise.
    #expect(abs(judged - (successes ?? -100)) <= 1, "\(judged), \(successes ?? -1)")

    let against = try coppice("evaluate", network, "--data", data, "--input-mean", "0", in: folder)
    #expect(against.status == Int32(ExitCode.configuration.rawValue) && against.errors.contains("--force-input"))
    let same = try coppice("evaluate", network, "--data", data, "--input-mean", "0.05,0.05", in: folder)
    #expect(same.status == 0, "the same scaling in other words: \(same.errors)")

    let again = [
      "prune", base.file("base.onnx").path, "--plan", network, "--data", data, "--threads", threads,
      "--allow-near-chance", "-o",
    ]
    let made = try coppice(again + ["again.onnx"], in: folder)
    #expect(made.status == 0 && made.output.contains("weights identical"), "\(made.output)\(made.errors)")
    let other = try coppice(again + ["x.onnx", "--split-seed", "3"], in: folder)
    #expect(other.status != 0 && other.errors.contains("another split"), "\(other.errors)")
    #expect(!FileManager.default.fileExists(atPath: study.folder.file("x.onnx").path))
  }

  /// A file from elsewhere says nothing of its scaling; it is told once, and travels from then on.
  @Test func aScalingThatIsGivenWithoutDataIsRemembered() throws {
    let folder = try TemporaryFolder()
    let dense = "builtin:fashion-cnn"
    let told = try coppice(
      "prune", dense, "--sparsity", "0.5", "--input-mean", "0.3", "--train", "700", "-o", "told.onnx", in: folder.url)
    #expect(told.status == 0 && told.errors.contains("input: pixels/255, mean 0.3, std 1 (options)"), "\(told.errors)")
    let again = try coppice("prune", dense, "--plan", "told.onnx", "-o", "again.onnx", in: folder.url)
    #expect(again.status == 0 && again.output.contains("weights identical"), "\(again.output)\(again.errors)")
    for name in ["told.onnx", "again.onnx"] {
      let notes = try TrainingMetadata(metadata: ONNXFile.read(folder.file(name)).metadata, of: name)
      #expect(notes.input == InputNormalization(mean: [0.3]) && notes.layout == "NCHW" && notes.split?.train == 700)
    }
    let smaller = try coppice("prune", "told.onnx", "--sparsity", "0.5", "-o", "smaller.onnx", in: folder.url)
    #expect(smaller.status == 0, "\(smaller.errors)")
    let shown = try coppice("inspect", "smaller.onnx", in: folder.url)
    #expect(shown.output.contains("input: pixels/255, mean 0.3, std 1"), "\(shown.output)")
    let against = try coppice(
      "prune", "told.onnx", "--sparsity", "0.5", "--input-mean", "0", "-o", "x.onnx", in: folder.url)
    #expect(against.status == Int32(ExitCode.configuration.rawValue) && against.errors.contains("'told.onnx' takes"))
  }

  @Test func prunesByTheWordsOfThePlan() throws {
    let base = try SmallStudy.trained.get()
    let folder = try TemporaryFolder()
    let dense = base.file("base.onnx").path
    let outcome = try coppice(
      "prune", dense, "--sparsity", "0.5", "--criterion", "skewness", "--remove", "high", "--transform", "log",
      "--aggregation", "max", "--exclude", "conv1", "--write-plan", "plan.json", "-o", "small.onnx", "--json",
      in: folder.url)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let plan = try CanonicalBytes.decode(PruningPlan.self, from: Data(contentsOf: folder.file("plan.json")))
    #expect(plan.criterion == .skewness)
    #expect(plan.ranking == Ranking(removal: .high, aggregation: .max, transform: .log))
    #expect(plan.layers == LayerSet(exclude: ["conv1"]))
    let again = try coppice("prune", dense, "--plan", "plan.json", "-o", "again.onnx", in: folder.url)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try weights(folder.file("again.onnx")) == weights(folder.file("small.onnx")))
    #expect(try ONNXFile.read(folder.file("again.onnx")).metadata["coppice.plan"] != nil)
  }

  @Test(arguments: [
    (["--sparsity", "1"], "--sparsity must be from 0 to below 1"), ([], "Say how much to remove"),
    (["--sparsity", "0.5", "--threshold", "1"], "--threshold and --sparsity cannot be used together"),
    (["--sparsity", "0.5", "--target", "macs", "--scope", "local"], "--scope global"),
    (["--sparsity", "0.5", "--target", "macs", "--granularity", "element"], "--target parameters"),
    (["--granularity", "2:4", "--target", "parameters"], "a share of its own"),
    (["--sparsity", "0.5", "--criterion", "fpgm", "--granularity", "element"], "judges channels"),
    (["--sparsity", "0.5", "--criterion", "random", "--remove", "high"], "whose numbers mean nothing"),
    (["--sparsity", "0.5", "--transform", "log"], "moments"),
    (["--sparsity", "0.5", "--normalization", "lamp", "--scope", "local"], "--scope global"),
    (["--sparsity", "0.5", "--schedule", "agp"], "needs --fine-tune"),
    (["--sparsity", "0.5", "--rewind", "0"], "cannot be used with --schedule one-shot"),
    (["--sparsity", "0.5", "--schedule", "agp", "--rate", "0.1"], "fixed-rate, dynamic-rate"),
    (["--sparsity", "0.5", "--sparse-epochs", "1"], "need --sparse-training"),
    (["--sparsity", "0.5", "--depth", "0.5,0.1"], "that rise"),
    (["--sparsity", "0.5", "--fine-tune", "1,0.5"], "several that rise"),
    (["--plan", "p.json", "--criterion", "l1", "--seed", "3"], "cannot be used with --criterion, --seed"),
    (["--plan", "missing.json"], "There is no plan or network"),
    (["--plan", "broken.json"], "the key 'criterion' is missing"),
    (["--sparsity", "0.5", "--layers", "nothing"], "No layer is named"),
    (["--sparsity", "0.5", "--kinds", "LSTM"], "The operators are: Conv, Gemm"),
  ])
  func refusesWhatCannotBe(arguments: [String], says: String) throws {
    let base = try SmallStudy.trained.get()
    let folder = try TemporaryFolder()
    try Data("{\"version\":2}".utf8).write(to: folder.file("broken.json"))
    let outcome = try coppice(["prune", base.file("base.onnx").path, "-o", "x.onnx"] + arguments, in: folder.url)
    #expect(outcome.status != 0 && outcome.errors.contains(says), "\(outcome.status): \(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("x.onnx").path))
  }

  @Test func scansAsTableJSONAndPicture() throws {
    let base = try SmallStudy.trained.get()
    let folder = try TemporaryFolder()
    let scan = [
      "sensitivity", base.file("base.onnx").path, "--data", "idx:\(base.url.path)", "--ratios", "0.3,0.9",
      "--samples", "100", "--cache", folder.url.path,
    ]
    let table = try coppice(scan + ["--picture", "map.svg"], in: folder.url)
    #expect(table.status == 0, "\(table.errors)")
    #expect(table.output.contains("conv1") && table.output.contains("0.9"))
    let svg = try String(contentsOf: folder.file("map.svg"), encoding: .utf8)
    #expect(svg.contains("<svg") && svg.contains("conv1"))
    let json = try coppice(scan + ["--json"], in: folder.url)
    let read = try JSONDecoder().decode(SensitivityScan.self, from: Data(json.output.utf8))
    #expect(read.entries.count >= 4 && read.entries.allSatisfy { (0...1).contains($0.accuracy) })
    let wrong = try coppice(scan + ["--granularity", "2:4"], in: folder.url)
    #expect(wrong.status != 0 && wrong.errors.contains("nothing to scan"))
  }

  @Test func aSearchBeginsWithAScanWhereItsSpecSaysSo() throws {
    let study = try SmallStudy(trials: 3, sensitivity: true)
    let search = try coppice(
      ["search", study.spec, "--workers", "2", "--output", study.output], in: study.folder.url)
    #expect(search.status == 0, "\(search.errors)")
    let scan = try study.scan()
    #expect(scan.map(\.scan?.group) == ["conv1", "conv2", "conv3", "fc1"] && scan.allSatisfy { $0.scan?.ratio == 0.5 })
    let first = try #require(try study.history().map(\.seconds).min())
    #expect(scan.allSatisfy { $0.seconds <= first }, "before the first trial")
    #expect(try Set(study.history().map(\.trial)).count == 3)
    let table = try coppice("front", study.output, "--history", in: study.folder.url)
    #expect(table.output.split(separator: "\n").count { $0.contains("scan") } == 4, "\(table.output)")
  }
}
