import Foundation
import TestSupport

/// A study that ends in under a minute: synthetic images, the small built-in network trained for an epoch, a handful of trials.
final class SmallStudy {
  let folder: TemporaryFolder
  let output: String

  /// A folder with the data and the trained network "base.onnx", made once.
  static let trained: Result<TemporaryFolder, any Error> = Result {
    let folder = try TemporaryFolder("coppice-base")
    try SyntheticImages.writeIDX(to: folder.url)
    let outcome = try coppice(
      "train", "--network", "fashion-cnn", "--data", "idx:\(folder.url.path)", "--train", "1000", "--validation", "200",
      "--epochs", "2", "--seed", "3", "-o", folder.file("base.onnx").path, in: folder.url)
    guard outcome.status == 0 else { throw Failure(what: "training the base network", outcome: outcome) }
    return folder
  }

  struct Failure: Error, CustomStringConvertible {
    let what: String
    let outcome: CommandOutcome
    var description: String { "\(what): status \(outcome.status)\n\(outcome.output)\n\(outcome.errors)" }
  }

  init(
    trials: Int, seed: Int = 5, sampler: String = "nsga2", sensitivity: Bool = false, disk: String = "none",
    input: String? = nil
  ) throws {
    let base = try Self.trained.get()
    folder = try TemporaryFolder("coppice-study")
    output = folder.file("out").path
    try """
    coppice: 1
    study: small
    network: \(base.file("base.onnx").path)
    data: {format: idx, path: \(base.url.path)}\(input.map { "\ninput: \($0)" } ?? "")
    split: {train: 1000, validation: 200, seed: 0, seen-training: false}
    objectives: [accuracy, parameters, latency]
    space:
      criterion: [l1, l2, random]
      sparsity: {min: 0.3, max: 0.9}
    fine-tune: {rungs: [0, 0.5, 1], samples-per-epoch: 512, batch-size: 64}
    sampler: \(sampler)
    sensitivity: \(sensitivity)
    budget: {trials: \(trials)}
    limits: {disk: \(disk)}
    seed: \(seed)
    """.write(to: folder.file("spec.yaml"), atomically: true, encoding: .utf8)
  }

  var spec: String { folder.file("spec.yaml").path }

  /// Starts the search in the background; more arguments go to the command.
  func start(_ arguments: [String] = [], environment: [String: String] = [:]) throws -> Process {
    let log = folder.file("search-\(UUID().uuidString).log")
    try Data().write(to: log)
    let process = Process()
    process.executableURL = Installation.coppice
    process.arguments = ["search", spec, "--workers", "2", "--output", output] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    // One for both: two would write over each other.
    let handle = try FileHandle(forWritingTo: log)
    (process.standardOutput, process.standardError) = (handle, handle)
    try process.run()
    return process
  }

  /// One finished evaluation as `front --history --json` prints it.
  struct HistoryEntry: Decodable, Hashable {
    struct Scan: Decodable, Hashable {
      let group: String
      let ratio: Double
    }

    let purpose: String
    let trial: Int
    let rung: Int
    let seconds: Double
    let accuracy: Double
    let status: String
    let attempts: Int
    let planID: String
    let scan: Scan?

    enum CodingKeys: String, CodingKey {
      case purpose, trial, rung, seconds, accuracy, status, attempts, planID = "plan_id", scan
    }
  }

  /// The evaluations of trials.
  func history() throws -> [HistoryEntry] { try entries().filter { $0.purpose == "trial" } }

  /// The groups of the sensitivity scan.
  func scan() throws -> [HistoryEntry] { try entries().filter { $0.purpose == "scan" } }

  private func entries() throws -> [HistoryEntry] {
    let outcome = try coppice("front", output, "--history", "--json", in: folder.url)
    guard outcome.status == 0 else { throw Failure(what: "front --history", outcome: outcome) }
    return try JSONDecoder().decode([HistoryEntry].self, from: Data(outcome.output.utf8))
  }

  /// Everything that the search wrote to its terminal, for messages of failed tests.
  var logs: String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.url.path)) ?? []
    return names.filter { $0.hasSuffix(".log") }.sorted().map {
      (try? String(contentsOf: folder.file($0), encoding: .utf8)) ?? ""
    }.joined(separator: "\n---\n")
  }
}
