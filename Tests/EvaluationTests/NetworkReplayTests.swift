import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support
import TestSupport
import Testing

extension EvaluationTests {
  /// Every written network says how it was made and how it is to be fed, and what is made again is held against it.
  @Suite struct NetworkReplayTests {
    private static let input = InputNormalization(mean: [0.25], std: [0.5])
    private static let split = SplitSpec(train: 300, validation: 100, seed: 9, seenTraining: false)

    private func data(
      _ study: StudyFixture, input: InputNormalization = input, split: SplitSpec = split
    ) throws -> StudyData {
      try StudyData(source: study.context.spec.data, split: split, input: input)
    }

    private func dense(_ study: StudyFixture) throws -> Graph { try study.checkpoint(study.context.network) }

    private func pruned(
      _ study: StudyFixture, _ data: StudyData?, epochs: Double = 0, plan: PruningPlan? = nil
    ) throws -> NetworkPruning {
      try NetworkPruning(
        dense(study), plan: plan ?? study.plan(), data: data, epochs: epochs, allowsNearChance: true,
        progress: { _, _ in })
    }

    /// As a command reads it from a file.
    private func read(_ graph: Graph) throws -> Graph { try ONNXFile.reread(graph) }

    private func replay(_ graph: Graph) throws -> NetworkReplay {
      try #require(try NetworkReplay(read(graph), name: "small.onnx"))
    }

    @Test("The networks of a study, the dense one too, carry the spec's scaling and split")
    func studiesCarryTheirInput() throws {
      var study = try StudyFixture()
      study.context.spec.input = Self.input
      study.context.spec.split = Self.split
      study.context.spec.objectives = [.accuracy, .parameters]
      var runner = try study.runner()
      let notes = TrainingMetadata(input: Self.input, layout: "NCHW", split: Self.split)
      let plan = study.plan()
      let zero = try runner.run(study.rung(0, of: plan))
      let half = try runner.run(study.rung(1, of: plan, from: 0, to: 0.5, parent: zero.checkpoint))
      let twin = try runner.run(study.rung(0, of: plan, trial: 2))
      #expect(twin.copyOf == TrialID(1))
      for result in [try runner.run(study.baseline), zero, half, twin] {
        let network = try study.checkpoint(#require(result.checkpoint))
        #expect(try TrainingMetadata(of: network) == notes)
        #expect(result.measures.sizeBytes == (try ONNXFile.encode(network.withoutProvenance).count))
      }
      let checkpoint = try #require(half.checkpoint)
      let recipe = try #require(NetworkRecipe(of: try study.checkpoint(checkpoint)))
      #expect(recipe.makers == [.current] && recipe.rungs == [0, 1] && recipe.dense == study.context.network)
    }

    @Test("A network that prune wrote carries its data's scaling and split; without data it keeps the dense network's")
    func prunedNetworksCarryTheirInput() throws {
      let study = try StudyFixture()
      let loaded = try data(study)
      #expect(try TrainingMetadata(of: read(pruned(study, loaded).network)) == loaded.notes)
      #expect(try TrainingMetadata(of: read(pruned(study, nil).network)) == TrainingMetadata(of: dense(study)))
      var foreign = try dense(study)
      foreign.metadata = [:]
      let cut = try NetworkPruning(foreign, plan: study.plan(), data: nil, epochs: 0, progress: { _, _ in })
      #expect(try TrainingMetadata(of: cut.network) == TrainingMetadata())
    }

    @Test("What is trained on is no longer what its recipe makes, but is fed by the data's scaling")
    func trainingForgetsTheRecipe() throws {
      let study = try StudyFixture()
      let small = try pruned(study, data(study)).network
      let other = try data(study, input: InputNormalization(mean: [0.4]))
      let (network, _) = try NetworkTraining.run(
        small, on: other, recovery: Recovery(batchSize: 32), epochs: 0.1, seed: 1, progress: { _, _ in })
      #expect(NetworkRecipe(of: network) == nil && PruningPlan(metadata: network.metadata) == nil)
      #expect(try TrainingMetadata(of: network) == other.notes)
    }

    @Test("The same recipe makes identical weights", arguments: [0, 0.5])
    func identical(epochs: Double) throws {
      let study = try StudyFixture()
      let first = try pruned(study, data(study), epochs: epochs)
      let replay = try replay(first.network)
      try replay.check(dense: dense(study), path: "base.onnx")
      // All that the file says is enough to make it again.
      let notes = replay.training
      let loaded = try data(study, input: #require(notes.input), split: #require(notes.split))
      try replay.check(loaded, changes: [])
      #expect(replay.trainedRungs == (epochs > 0 ? [epochs] : []))
      let second = try pruned(study, loaded, epochs: epochs, plan: replay.recipe.plan)
      let outcome = try replay.outcome(second.network, second.recipe, changes: [])
      #expect(outcome.weightsIdentical == true && outcome.unitsIdentical)
      #expect(outcome.text("small.onnx").hasPrefix("weights identical"))
    }

    @Test("A network of a study is made again by prune, and said to be identical")
    func studyNetwork() throws {
      var study = try StudyFixture()
      study.context.spec.input = Self.input
      study.context.spec.split = Self.split
      study.context.spec.objectives = [.accuracy, .parameters]
      var runner = try study.runner()
      let result = try runner.run(study.rung(0, of: study.plan()))
      let replay = try replay(study.checkpoint(#require(result.checkpoint)))
      try replay.check(dense: dense(study), path: "base.onnx")
      try replay.check(data(study), changes: [])
      let again = try pruned(study, data(study), plan: replay.recipe.plan)
      #expect(try replay.outcome(again.network, again.recipe, changes: []).weightsIdentical == true)
    }

    @Test("Other data, or none, are refused before the work")
    func otherData() throws {
      let study = try StudyFixture()
      let replay = try replay(pruned(study, data(study)).network)
      func refused(_ data: StudyData?) -> String? {
        let error = #expect(throws: EvaluationError.self) { try replay.check(data, changes: []) }
        return error?.code == .badPlan ? error?.message : nil
      }
      #expect(refused(nil)?.contains("there are none") == true)
      #expect(refused(try data(study, input: InputNormalization()))?.contains("another scaling") == true)
      #expect(refused(try data(study, split: SplitSpec()))?.contains("another split") == true)
      let elsewhere = try TemporaryFolder()
      try SyntheticImages.writeIDX(
        to: elsewhere.url, training: StudyFixture.trainingCount, test: StudyFixture.testCount,
        classes: StudyFixture.classes, size: StudyFixture.size, seed: 4)
      let others = try StudyData(
        source: DataSource(format: "idx", path: elsewhere.url.path), split: Self.split, input: Self.input)
      #expect(refused(others)?.contains("other images or labels") == true)
      try replay.check(nil, changes: ["--fine-tune asks for other steps"])
      let bare = try self.replay(pruned(study, nil).network)
      try bare.check(nil, changes: [])
      let surplus = #expect(throws: EvaluationError.self) { try bare.check(data(study), changes: []) }
      #expect(surplus?.message.contains("without data") == true)
      #expect(throws: EvaluationError.self) { try replay.check(dense: StudyFixture.network(), path: "other.onnx") }
    }

    @Test("Another maker explains other weights, whose largest difference is said; nothing else does")
    func otherWeights() throws {
      let study = try StudyFixture()
      let made = try pruned(study, data(study))
      var changed = made.network
      let old = try #require(changed.weights["conv2.weight"])
      var floats = old.floats
      floats[3] += 0.5
      changed.weights["conv2.weight"] = TensorData(shape: old.shape, floats: floats)
      let error = #expect(throws: EvaluationError.self) {
        try replay(changed).outcome(made.network, made.recipe, changes: [])
      }
      #expect(error?.code == .badCheckpoint && error?.message.contains("conv2.weight") == true)

      var recipe = made.recipe
      recipe.makers[0].threads += 1
      recipe.makers[0].processor = "another"
      let outcome = try replay(recipe.laid(over: changed)).outcome(made.network, made.recipe, changes: [])
      #expect(outcome.unitsIdentical && outcome.weightsIdentical == false && outcome.weight == "conv2.weight")
      #expect(abs((outcome.largestDifference ?? 0) - 0.5) < 1e-6)
      let text = outcome.text("small.onnx")
      #expect(text.hasPrefix("units are the same; the largest difference of a weight is 0.5"))
      let threads = made.recipe.makers[0].threads
      #expect(text.contains("threads \(threads + 1), not \(threads)") && text.contains("processor another"))

      // A file that does not say who made it explains nothing.
      recipe.makers = []
      #expect(throws: EvaluationError.self) {
        try replay(recipe.laid(over: changed)).outcome(made.network, made.recipe, changes: [])
      }
      // Other units are other units, whoever made them.
      recipe = made.recipe
      recipe.makers[0].threads += 1
      recipe.kept = Digest(of: Data())
      let units = #expect(throws: EvaluationError.self) {
        try replay(recipe.laid(over: changed)).outcome(made.network, made.recipe, changes: [])
      }
      #expect(units?.message.contains("other units") == true)
    }

    @Test("Options that change the recipe leave only the units to compare")
    func changedRecipe() throws {
      let study = try StudyFixture()
      let replay = try replay(pruned(study, data(study), epochs: 0.5).network)
      let cut = try pruned(study, nil, plan: replay.recipe.plan)
      let outcome = try replay.outcome(cut.network, cut.recipe, changes: ["--fine-tune asks for other steps"])
      #expect(outcome.unitsIdentical && outcome.weightsIdentical == nil)
      #expect(outcome.text("small.onnx").contains("were not compared"))
    }

    @Test("Files that tell a plan only are recipes, not networks to make again")
    func planOnly() throws {
      let study = try StudyFixture()
      var network = try pruned(study, nil).network
      network.metadata["coppice.dense"] = nil
      #expect(try NetworkReplay(read(network), name: "small.onnx") == nil)
    }
  }
}
