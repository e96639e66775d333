import Foundation
import StudyModel
import Support

/// Small, whole values for messages.
enum Example {
  static func assignment(lease: Int64 = 7, rung: Int = 1, timeLimit: Double = 600) -> Assignment {
    Assignment(
      lease: LeaseID(lease), key: EvaluationKey(trial: TrialID(3), rung: rung), attempt: 1,
      plan: PruningPlan(criterion: .l1, sparsity: .perGroup(["conv1": 0.5, "conv2": 0.25]), seed: 11),
      fromEpochs: 0, toEpochs: 1, parentCheckpoint: Digest(of: Data("parent".utf8)), timeLimit: timeLimit)
  }

  static let engine = EngineIdentity(
    sources: Digest(hex: String(repeating: "ab", count: 32))!, libtorch: "2.13.0, build 1",
    instructionSet: "x86_64 AVX2")

  static func context(study: String = "example") -> StudyContext {
    StudyContext(
      spec: StudySpec(
        study: study, network: .file(path: "base.onnx"), data: DataSource(format: "fashion-mnist"),
        objectives: [.accuracy, .parameters]),
      network: Digest(of: Data("network".utf8)), artifactFolder: "/somewhere/artifacts")
  }

  static func result(successes: Int = 912, loss: Double = 0.31) -> EvaluationResult {
    EvaluationResult(
      measures: Measures(
        accuracy: Proportion(successes: successes, total: 1000), loss: loss, parameters: 1200, nonzeroParameters: 1100,
        macs: 90_000, sizeBytes: 6000, latency: nil),
      checkpoint: Digest(of: Data("checkpoint".utf8)), timings: ["prune": 0.25], keptUnits: ["conv1": [0, 2, 5]])
  }
}

extension Data {
  /// From pairs of hexadecimal digits; spaces are skipped.
  init(hex: String) {
    let digits = hex.filter { $0 != " " && $0 != "\n" }.compactMap(\.hexDigitValue)
    self.init(stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
  }

  var hex: String { map { String(format: "%02x", $0) }.joined() }
}
