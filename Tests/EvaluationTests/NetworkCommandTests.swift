import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support
import TestSupport
import Testing

extension EvaluationTests {
  @Suite struct NetworkCommandTests {
    private func data(_ study: StudyFixture) throws -> StudyData {
      try StudyData(source: study.context.spec.data, split: SplitSpec(), input: InputNormalization())
    }

    @Test("Pruning one network outside a study")
    func prune() throws {
      let study = try StudyFixture()
      let dense = try study.checkpoint(study.context.network)
      let cut = try NetworkPruning(dense, plan: study.plan(), data: nil, epochs: 0, progress: { _, _ in })
      #expect(cut.before.accuracy == nil && cut.after.accuracy == nil)
      #expect(cut.groups.map(\.name) == ["conv1", "conv2", "fc1"])
      #expect(cut.groups.map(\.kept) == [4, 8, 12])
      #expect(cut.after.sizeBytes < cut.before.sizeBytes)
      #expect(cut.network.parameterCount == cut.after.parameters)

      let tuned = try NetworkPruning(
        dense, plan: study.plan(.taylor), data: data(study), epochs: 1, progress: { _, _ in })
      #expect(try #require(tuned.before.accuracy).total == StudyFixture.testCount / 2)
      #expect(try #require(tuned.after.accuracy).share > 0.7)
      #expect(tuned.after.parameters == cut.after.parameters)

      let needsData = #expect(throws: EvaluationError.self) {
        try NetworkPruning(dense, plan: study.plan(.taylor), data: nil, epochs: 0, progress: { _, _ in })
      }
      #expect(needsData?.code == .badPlan)
    }

    /// Whoever compares the two gives both the same states.
    @Test(
      "A masked network takes and gives its states as the smaller one does",
      arguments: ["lstm-states-batch-2", "key-value-cache-heads"])
    func maskedStates(_ name: String) throws {
      let topology = try #require(TopologyZoo.all().first { $0.graph.name == name })
      let plan = PruningPlan(criterion: .l1, scope: .local, sparsity: .uniform(0.5))
      let pruning = try NetworkPruning(
        topology.graph, plan: plan, data: nil, epochs: 0, makesMasked: true, progress: { _, _ in })
      let masked = try #require(pruning.masked)
      #expect(pruning.network.inputs != topology.graph.inputs)
      #expect(masked.inputs == pruning.network.inputs)
      #expect(masked.outputs == pruning.network.outputs)
    }

    @Test("A dense network near chance is refused unless asked for")
    func nearChance() throws {
      let study = try StudyFixture()
      let fresh = try StudyFixture.network(seed: 1)
      let error = #expect(throws: EvaluationError.self) {
        try NetworkPruning(fresh, plan: study.plan(), data: data(study), epochs: 0, progress: { _, _ in })
      }
      #expect(error?.code == .nearChance)
      _ = try NetworkPruning(
        fresh, plan: study.plan(), data: data(study), epochs: 0, allowsNearChance: true, progress: { _, _ in })
    }

    @Test(
      "What counts as near chance", arguments: [(100, 10, true), (300, 10, false), (530, 2, true), (600, 2, false)])
    func chance(_ successes: Int, _ classes: Int, _ expected: Bool) {
      #expect(Proportion(successes: successes, total: 1000).isNearChance(classes: classes) == expected)
    }

    @Test("Training reaches the same bits from the same seed, and its file says how it was trained")
    func train() throws {
      let study = try StudyFixture()
      let split = SplitSpec(train: 300, validation: 100, seed: 4, seenTraining: false)
      let input = InputNormalization(scale: 255, mean: [0.3], std: [0.3])
      func trained(seed: UInt64) throws -> Graph {
        let data = try StudyData(source: study.context.spec.data, split: split, input: input)
        let (network, figures) = try NetworkTraining.run(
          StudyFixture.network(), on: data, recovery: Recovery(learningRate: 0.05, batchSize: 32), epochs: 0.5,
          seed: seed, progress: { _, _ in })
        #expect(figures.accuracy?.total == 100)
        return network
      }
      let first = try trained(seed: 1)
      #expect(try trained(seed: 1) == first)
      #expect(try trained(seed: 2).weights != first.weights)
      let read = try ONNXFile.decode(ONNXFile.encode(first))
      #expect(try TrainingMetadata(of: read) == TrainingMetadata(input: input, layout: "NCHW", split: split))
      #expect(try TrainingMetadata(of: StudyFixture.network()) == TrainingMetadata())
    }

    @Test("Arrays by name; wrong ones are refused with both shapes")
    func run() throws {
      let network = try StudyFixture.network()
      let image = TensorData.filled([3, 1, 12, 12], with: 0.5)
      let outputs = try NetworkExecution.run(network, inputs: ["input": image])
      #expect(outputs["logits"]?.shape == [3, 4])
      let logits = try #require(outputs["logits"]).floats
      #expect(logits[0..<4] == logits[4..<8] && logits.allSatisfy(\.isFinite))
      for inputs in [
        [:], ["image": image], ["input": image, "more": image], ["input": TensorData.filled([3, 1, 12, 11], with: 0)],
        ["input": TensorData(shape: [1], integers: [1])],
      ] {
        let error = #expect(throws: EvaluationError.self) { try NetworkExecution.run(network, inputs: inputs) }
        #expect(error?.code == .badArrays)
      }
    }

    /// relu(x) + w of `type`, as its file is read.
    private func network(_ type: ElementType) throws -> Graph {
      let shape: [ModelGraph.Dimension] = [.symbolic("n"), .fixed(2)]
      func value(_ name: String) -> ValueInfo { ValueInfo(name: name, elementType: type, shape: shape) }
      let half = Graph(
        name: "half", inputs: [value("x")], outputs: [value("y")],
        nodes: [
          Node(name: "relu", op: .activation(.relu), inputs: ["x"], outputs: ["h"]),
          Node(name: "add", op: .elementwise(.add), inputs: ["h", "w"], outputs: ["y"]),
        ],
        weights: ["w": try TensorData(type, shape: [2], bytes: Data(count: 2 * type.byteCount))], opset: 18)
      return try ONNXFile.decode(ONNXFile.encode(half))
    }

    @Test("Arrays have the types that the file declares, and bits stand for what NumPy does not know")
    func declaredTypes() throws {
      let half = [Float16(1.5), -2].withUnsafeBytes { Data($0) }
      let outputs = try NetworkExecution.run(
        network(.float16), inputs: ["x": TensorData(.float16, shape: [1, 2], bytes: half)])
      let expected = [Float16(1.5), 0].withUnsafeBytes { Data($0) }
      #expect(try outputs["y"] == TensorData(.float16, shape: [1, 2], bytes: expected))

      let double = TensorData(shape: [1, 2], doubles: [0.1, -1])
      let doubles = try NetworkExecution.run(network(.float64), inputs: ["x": double])
      #expect(doubles["y"] == TensorData(shape: [1, 2], doubles: [Double(Float(0.1)), 0]))

      // 1 and -2.
      let bits = try TensorData(.uint16, shape: [1, 2], bytes: Data([0x80, 0x3f, 0, 0xc0]))
      let brain = try NetworkExecution.run(network(.bfloat16), inputs: ["x": bits])
      #expect(try brain["y"] == TensorData(.bfloat16, shape: [1, 2], bytes: Data([0x80, 0x3f, 0, 0])))
      for type in [ElementType.float16, .bfloat16] {
        let error = #expect(throws: EvaluationError.self) {
          try NetworkExecution.run(network(type), inputs: ["x": .filled([1, 2], with: 0)])
        }
        #expect(error?.message.contains("the network needs \(type.rawValue) [n, 2]") == true)
      }
    }

    @Test("Layers, sizes and a latency beside a baseline's")
    func profile() throws {
      let dense = try StudyFixture.network()
      let profile = try NetworkProfile(dense, baseline: dense, latency: LatencySpec(), seed: 0)
      #expect(profile.layers.reduce(0) { $0 + $1.parameters } == profile.network.parameters)
      #expect(profile.layers.reduce(0) { $0 + $1.macs } == profile.network.macs)
      #expect(profile.latency.ratioLow <= profile.latency.ratio && profile.latency.ratio <= profile.latency.ratioHigh)
      var fixed = dense
      fixed.inputs[0].shape[0] = .fixed(1)
      #expect(throws: EvaluationError.self) {
        try NetworkProfile(fixed, baseline: nil, latency: LatencySpec(batch: 8), seed: 0)
      }
    }

    @Test("The whole evaluation's progress never falls from step to step", arguments: [true, false])
    func shares(fineTunes: Bool) {
      let steps: [EvaluationStep] =
        fineTunes
        ? [.load, .fineTune, .evaluate, .latency, .export]
        : [.score, .prune, .recalibrate, .evaluate, .latency, .export]
      let shares = steps.flatMap { step in [0, 0.5, 1].map { step.overallShare($0, fineTunes: fineTunes) } }
      #expect(shares == shares.sorted())
      #expect(shares.last == 1)
    }
  }
}
