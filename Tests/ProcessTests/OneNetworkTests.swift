import Foundation
import TestSupport
import Testing

/// The commands that work on one network, one after the other as a user would.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct OneNetworkTests {
  @Test(arguments: [false, true]) func pruneEvaluateAndProfile(asJSON: Bool) throws {
    let base = try SmallStudy.trained.get()
    let folder = try TemporaryFolder()
    let json = asJSON ? ["--json"] : []
    let data = "idx:\(base.url.path)"
    let commands: [[String]] = [
      [
        "prune", base.file("base.onnx").path, "--sparsity", "0.5", "--criterion", "l1", "--granularity", "channel",
        "--scope", "local", "--data", data, "-o", "small.onnx",
      ],
      ["evaluate", "small.onnx", "--data", data],
      ["profile", "small.onnx", "--baseline", base.file("base.onnx").path, "--layers"],
      ["inspect", "small.onnx"],
    ]
    // `profile --layers` is a table only.
    for command in commands {
      let outcome = try coppice(command + (command.contains("--layers") ? [] : json), in: folder.url)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
      if asJSON, !command.contains("--layers") {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) }
      } else {
        #expect(outcome.output.contains("parameters"), "\(command): \(outcome.output)")
      }
    }
  }

  /// What `coppice train` kept aside of the training file is no count of the test file.
  @Test(arguments: [nil, 30]) func validationFromTheTestFile(count: Int?) throws {
    let base = try SmallStudy.trained.get()
    let folder = try TemporaryFolder()
    // Fewer images than were kept aside.
    try SyntheticImages.writeIDX(to: folder.url, training: 300, test: 150)
    func total(_ options: [String]) throws -> Int? {
      let outcome = try coppice(
        [
          "prune", base.file("base.onnx").path, "--sparsity", "0.3", "--data", "idx:\(folder.url.path)", "--train",
          "300",
        ]
          + ["--json", "-o", "x.onnx"] + options, in: folder.url)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      let accuracy = (report?["before"] as? [String: Any])?["accuracy"] as? [String: Any]
      return accuracy?["total"] as? Int
    }
    let options = ["--validation-from", "test"] + (count.map { ["--validation", "\($0)"] } ?? [])
    #expect(try total(options) == count ?? 75)
  }

  /// The pruned file in ONNX Runtime, as others run it, gives what `coppice run` gives.
  @Test func prunedNetworkRunsAlikeInONNXRuntime() throws {
    guard let python = PythonPeer.executable(for: "prunedNetworkRunsAlikeInONNXRuntime") else { return }
    let base = try SmallStudy.trained.get()
    let folder = try TemporaryFolder()
    let prune = try coppice(
      ["prune", base.file("base.onnx").path, "--sparsity", "0.6", "--criterion", "l2", "-o", "small.onnx"],
      in: folder.url)
    #expect(prune.status == 0, "\(prune.errors)")
    try script(
      python,
      """
      import numpy
      numpy.savez("in.npz", input=numpy.random.default_rng(3).standard_normal((5, 1, 28, 28)).astype("float32"))
      """, in: folder)
    let run = try coppice(["run", "small.onnx", "--inputs", "in.npz", "--outputs", "out.npz"], in: folder.url)
    #expect(run.status == 0, "\(run.errors)")
    let compared = try script(
      python,
      """
      import numpy, onnx, onnxruntime
      onnx.checker.check_model("small.onnx", full_check=True)
      session = onnxruntime.InferenceSession("small.onnx", providers=["CPUExecutionProvider"])
      theirs = session.run(None, {"input": numpy.load("in.npz")["input"]})[0]
      ours = numpy.load("out.npz")["logits"]
      assert ours.shape == theirs.shape == (5, 10)
      print("largest difference", abs(ours - theirs).max())
      assert abs(ours - theirs).max() < 1e-4
      """, in: folder)
    #expect(compared.contains("largest difference"))
  }

  @discardableResult
  private func script(_ python: String, _ text: String, in folder: TemporaryFolder) throws -> String {
    let outcome = try PythonPeer.run(python, ["-c", text], in: folder)
    #expect(outcome.status == 0, "\(outcome.output)")
    return outcome.output
  }
}
