import Datasets
import Evaluation
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import StudyModel
import Support
import Testing
import Training

extension EvaluationTests {
  @Suite struct RunnerTests {
    @Test("The baseline is the dense network, untouched, measured on half of the test file")
    func baseline() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      var steps: [EvaluationStep] = []
      let result = try runner.run(study.baseline) { step, _ in if steps.last != step { steps.append(step) } }
      #expect(result.fault == nil)
      #expect(result.measures.accuracy.total == StudyFixture.testCount / 2)
      #expect(result.measures.accuracy.share > 0.8)
      #expect(result.measures.parameters == result.measures.nonzeroParameters)
      #expect(steps == [.evaluate, .latency, .export])
      let exported = try study.checkpoint(#require(result.checkpoint))
      let dense = try study.checkpoint(study.context.network)
      #expect(exported.weights == dense.weights)
      // 8 x 1 x 9 + 16 + 16 x 8 x 9 + 32 + 24 x 144 + 24 + 4 x 24 + 4
      #expect(result.measures.parameters == 72 + 16 + 1152 + 32 + 3456 + 24 + 96 + 4)
      // conv1 8 x 144 x 9, conv2 16 x 36 x 72, fc1 24 x 144, fc2 4 x 24
      #expect(result.measures.macs == 10368 + 41472 + 3456 + 96)
    }

    @Test("Rung 0 cuts really smaller tensors, and its file is what was measured")
    func rungZero() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let result = try runner.run(study.rung(0, of: study.plan()))
      #expect(result.fault == nil)
      #expect(result.keptUnits == ["conv1": [4, 8], "conv2": [8, 16], "fc1": [12, 24]])
      let digest = try #require(result.checkpoint)
      let network = try study.checkpoint(digest)
      #expect(network.weights["conv2.weight"]?.shape == [8, 4, 3, 3])
      #expect(network.weights["fc1.weight"]?.shape == [12, 72])
      #expect(network.parameterCount == result.measures.parameters)
      #expect(try ONNXFile.encode(network.withoutProvenance).count == result.measures.sizeBytes)
      #expect(try study.store.read(digest).count > result.measures.sizeBytes)
      let latency = try #require(result.measures.latency)
      #expect(latency.ratio > 0 && latency.denseSeconds > 0)
      #expect(Set(result.timings.keys) == ["score", "prune", "recalibrate", "evaluate", "latency", "export"])

      let metadata = try #require(CheckpointMetadata(of: network))
      #expect(metadata.plan == study.plan())
      #expect(metadata.dense == study.context.network)
      #expect(metadata.counts == result.keptUnits)
    }

    @Test("Recalibration changes running statistics and nothing else")
    func recalibration() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let measured = try runner.run(study.rung(0, of: study.plan()))
      var plan = study.plan()
      plan.recovery.recalibrationBatches = 0
      let plain = try runner.run(study.rung(0, of: plan, trial: 2))
      let (left, right) = try (
        study.checkpoint(#require(measured.checkpoint)), study.checkpoint(#require(plain.checkpoint))
      )
      for name in left.weights.keys {
        #expect((left.weights[name] == right.weights[name]) == !name.contains("running_"), "\(name)")
      }
    }

    @Test("Statistics are measured on large batches, however small those of training are")
    func recalibrationBatchesAreLarge() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      func weights(_ batchSize: Int) throws -> [String: TensorData] {
        var plan = study.plan()
        plan.recovery.batchSize = batchSize
        return try study.checkpoint(#require(runner.run(study.rung(0, of: plan)).checkpoint)).weights
      }
      let usual = try weights(128)
      #expect(try weights(4) == usual)
      #expect(try weights(240) != usual)
    }

    @Test("A later rung continues from its parent's file, and any worker gets the same bits")
    func continuing() throws {
      let study = try StudyFixture()
      let plan = study.plan(sparsity: 0.75)
      var first = try study.runner()
      let start = try first.run(study.rung(0, of: plan))
      let next = study.rung(1, of: plan, from: 0, to: 0.5, parent: start.checkpoint)
      let tuned = try first.run(next)
      #expect(tuned.measures.parameters == start.measures.parameters)
      #expect(tuned.keptUnits == start.keptUnits)
      #expect(tuned.checkpoint != start.checkpoint)
      #expect(tuned.measures.loss < start.measures.loss)
      // Training leaves neither gradients nor momentum in the file.
      #expect(tuned.measures.sizeBytes == start.measures.sizeBytes)
      #expect(tuned.timings["fine-tune"] != nil && tuned.timings["recalibrate"] == nil)

      // Another process: nothing resident, the scores from the cache, other evaluations in between.
      var second = try study.runner()
      _ = try second.run(study.rung(0, of: study.plan(.random), trial: 9))
      #expect(try second.run(study.rung(0, of: plan)).reproducible == start.reproducible)
      #expect(try second.run(next).reproducible == tuned.reproducible)
    }

    @Test("The plan alone makes a record's network again", arguments: [Granularity.channel, .element])
    func replay(_ granularity: Granularity) throws {
      let study = try StudyFixture()
      let plan = study.plan(.taylor, granularity)
      var runner = try study.runner()
      let rungZero = try runner.run(study.rung(0, of: plan))
      let rungOne = try runner.run(study.rung(1, of: plan, from: 0, to: 0.5, parent: rungZero.checkpoint))
      let rungTwo = try runner.run(study.rung(2, of: plan, from: 0.5, to: 1, parent: rungOne.checkpoint))

      let spec = study.context.spec
      let data = try StudyData(source: spec.data, split: spec.split, input: spec.input)
      let execution = try PlanExecution(
        dense: study.checkpoint(study.context.network), denseDigest: study.context.network, data: data)
      let rebuilt = try PlanReplay(execution).network(of: plan, rungs: [0, 0.5, 1])
      #expect(try rebuilt.weights == study.checkpoint(#require(rungTwo.checkpoint)).weights)
    }

    @Test("Element pruning zeroes weights, and fine-tuning leaves the zeros")
    func elements() throws {
      let study = try StudyFixture()
      let plan = study.plan(.l1, .element, sparsity: 0.5)
      var runner = try study.runner()
      let start = try runner.run(study.rung(0, of: plan))
      let tuned = try runner.run(study.rung(1, of: plan, from: 0, to: 1, parent: start.checkpoint))
      #expect(start.keptUnits["conv2.weight"] == [576, 1152])
      #expect(start.measures.parameters == 4852)
      // Half of every weight matrix and kernel; biases and normalisations are not pruned.
      #expect(start.measures.nonzeroParameters <= 4852 - (72 + 1152 + 3456 + 96) / 2)
      let (before, after) = try (
        study.checkpoint(#require(start.checkpoint)), study.checkpoint(#require(tuned.checkpoint))
      )
      for name in ["conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"] {
        let (old, new) = (try #require(before.weights[name]).floats, try #require(after.weights[name]).floats)
        #expect(old.count { $0 == 0 } * 2 == old.count, "\(name)")
        #expect(zip(old, new).allSatisfy { $0 != 0 || $1 == 0 }, "\(name)")
        #expect(old != new, "\(name)")
      }
    }

    @Test("A plan that removes nothing leaves the dense network")
    func nothingRemoved() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let baseline = try runner.run(study.baseline)
      let result = try runner.run(study.rung(0, of: study.plan(sparsity: 0)))
      #expect(result.measures.accuracy == baseline.measures.accuracy)
      #expect(result.measures.loss == baseline.measures.loss)
      #expect(result.keptUnits == ["conv1": [8, 8], "conv2": [16, 16], "fc1": [24, 24]])
    }

    @Test("The sealed test sees the other half of the test file and makes no file")
    func sealed() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let dense = try runner.run(study.sealedTest(of: nil))
      #expect(dense.checkpoint == nil && dense.measures.latency == nil)
      #expect(dense.measures.accuracy.total == StudyFixture.testCount / 2)
      let pruned = try runner.run(study.rung(0, of: study.plan(sparsity: 0.75)))
      let sealed = try runner.run(study.sealedTest(of: pruned.checkpoint))
      #expect(sealed.measures.parameters == pruned.measures.parameters)
      #expect(sealed.measures.loss != pruned.measures.loss)
      #expect(sealed.fault == nil)
    }

    @Test("A checkpoint of another plan, epoch or origin is refused")
    func strangeParent() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let start = try runner.run(study.rung(0, of: study.plan()))
      for assignment in [
        study.rung(1, of: study.plan(.l2), from: 0, to: 1, parent: start.checkpoint),
        study.rung(1, of: study.plan(), from: 0.5, to: 1, parent: start.checkpoint),
        study.rung(1, of: study.plan(), from: 0, to: 1, parent: study.context.network),
      ] {
        let error = #expect(throws: EvaluationError.self) { try runner.run(assignment) }
        #expect(error?.code == .badCheckpoint)
        #expect(error?.failureClass == .deterministic)
      }
      #expect(throws: EvaluationError.self) { try runner.run(study.rung(1, of: study.plan(), from: 0, to: 1)) }
    }

    @Test("What progress throws stops the fine-tuning, and the runner goes on")
    func stopping() throws {
      struct Stop: Error {}
      let study = try StudyFixture()
      var runner = try study.runner()
      let start = try runner.run(study.rung(0, of: study.plan()))
      let next = study.rung(1, of: study.plan(), from: 0, to: 1, parent: start.checkpoint)
      var steps = 0
      #expect(throws: Stop.self) {
        try runner.run(next) { step, _ in
          if step == .fineTune { steps += 1 }
          if steps == 4 { throw Stop() }
        }
      }
      let again = try runner.run(next)
      var fresh = try study.runner()
      #expect(try fresh.run(next).reproducible == again.reproducible)
    }

    @Test("Nothing of the sealed samples reaches a trial, and nothing of the validation samples its weights")
    func leakage() throws {
      let split = try DataSplit(
        trainingCount: StudyFixture.trainingCount, testCount: StudyFixture.testCount,
        request: SplitRequest(training: nil, validation: nil, order: .shuffled(seed: 0)), seenTraining: true)
      #expect(split.validation.part == .test && split.sealed.part == .test)

      /// All that looks at data: gradients, redundant units, means, recalibration, training between cuts and after them.
      func plans(_ study: StudyFixture) -> [PruningPlan] {
        var plan = study.plan(.taylor, sparsity: 0.75)
        (plan.removesRedundant, plan.replacement) = (true, .mean)
        plan.schedule = Schedule(.iterative, steps: 2, epochsPerStep: 0.25)
        var following = plan
        following.schedule = Schedule(.dynamicRate, steps: 2, epochsPerStep: 0.1, tolerance: 0.3)
        return [plan, following]
      }
      struct Outcome {
        var trials: [EvaluationResult] = []
        var weights: [[String: TensorData]] = []
        var sealed = 0.0
      }
      func outcome(spoiling samples: [Int32]) throws -> Outcome {
        let study = try StudyFixture()
        try Self.spoil(samples, of: study)
        var runner = try study.runner()
        var outcome = Outcome()
        for plan in plans(study) {
          let zero = try runner.run(study.rung(0, of: plan))
          let one = try runner.run(study.rung(1, of: plan, from: 0, to: 0.5, parent: zero.checkpoint))
          // A checkpoint notes the digest of all data, the sealed ones too; its weights are compared by themselves.
          outcome.trials += [zero, one].map { result in
            var result = result.reproducible
            result.checkpoint = nil
            return result
          }
          for result in [zero, one] {
            outcome.weights.append(try study.checkpoint(#require(result.checkpoint)).weights)
          }
          outcome.sealed += try runner.run(study.sealedTest(of: one.checkpoint)).measures.loss
        }
        return outcome
      }
      let untouched = try outcome(spoiling: [])
      let sealed = try outcome(spoiling: split.sealed.indices)
      #expect(sealed.trials == untouched.trials && sealed.weights == untouched.weights)
      #expect(sealed.sealed != untouched.sealed)
      let validation = try outcome(spoiling: split.validation.indices)
      // The second plan's schedule follows the validation score; only what it shows untrained is free of it.
      #expect(Array(validation.weights[..<3]) == Array(untouched.weights[..<3]))
      #expect(zip(validation.trials, untouched.trials).allSatisfy { $0.measures.loss != $1.measures.loss })
    }

    /// Turns images of the test file to their negatives, and their labels to the next class.
    private static func spoil(_ samples: [Int32], of study: StudyFixture) throws {
      let folder = URL(fileURLWithPath: try #require(study.context.spec.data.path))
      let pixels = StudyFixture.size * StudyFixture.size
      for (file, header, size) in [("t10k-images-idx3-ubyte", 16, pixels), ("t10k-labels-idx1-ubyte", 8, 1)] {
        let url = folder.appendingPathComponent(file)
        var bytes = [UInt8](try Data(contentsOf: url))
        for index in samples.flatMap({ header + Int($0) * size..<header + (Int($0) + 1) * size }) {
          bytes[index] = size == 1 ? (bytes[index] + 1) % UInt8(StudyFixture.classes) : 255 - bytes[index]
        }
        try Data(bytes).write(to: url)
      }
    }

    @Test("What is measured is what is delivered, without inserted normalisations; the file says that they were there")
    func delivered() throws {
      var builder = GraphBuilder("folded", seed: 5)
      let size = StudyFixture.size
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(size), .fixed(size)])
      x = builder.relu("relu1", builder.convolution("conv1", x, inputs: 1, outputs: 8, kernel: 3, bias: true))
      x = builder.relu("relu2", builder.convolution("conv2", x, inputs: 8, outputs: 12, kernel: 3, bias: true))
      x = builder.node("flatten", .flatten(axis: 1), builder.node("pool", .globalAveragePool, x))
      x = builder.linear("fc", x, inputs: 12, outputs: StudyFixture.classes)
      let study = try StudyFixture(
        network: builder.finished(output: x, shape: [.symbolic("batch"), .fixed(StudyFixture.classes)]))
      var context = study.context
      context.spec.network.batchNormalization = .insert
      var runner = try EvaluationRunner(context: context, threads: 1)
      let result = try runner.run(study.rung(0, of: study.plan()))
      let network = try study.checkpoint(#require(result.checkpoint))
      #expect(network.insertedBatchNormalizations.count == 2)
      #expect(CheckpointMetadata(of: network)?.insertsNormalizations == true)

      let delivered = network.foldingInsertedBatchNormalizations()
      // 4 x 9 + 4, 6 x 4 x 9 + 6, 4 x 6 + 4
      #expect(result.measures.parameters == 40 + 222 + 28 && delivered.parameterCount == 290)
      #expect(network.parameterCount > 290)
      #expect(try result.measures.sizeBytes == ONNXFile.encode(delivered.withoutProvenance).count)
      let spec = study.context.spec
      let data = try StudyData(source: spec.data, split: spec.split, input: spec.input)
      let (accuracy, loss) = try AccuracyMeasurement.run(
        GraphModule(ONNXFile.decode(ONNXFile.encode(delivered))), on: data.batches(.validation))
      #expect(accuracy == result.measures.accuracy)
      #expect(abs(loss - result.measures.loss) < 1e-4)
    }
  }
}
