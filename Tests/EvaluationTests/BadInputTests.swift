import ArtifactStore
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import NetworkLoading
import Selection
import StudyModel
import Support
import TestSupport
import Testing

extension EvaluationTests {
  @Suite struct BadInputTests {
    private func failure(_ body: () throws -> Void) throws -> any DescribedError {
      do {
        try body()
      } catch {
        #expect(FailureClass(of: error) == .badInput, "\(error)")
        return try #require(error as? any DescribedError)
      }
      throw EvaluationError(.protocolFault, "Nothing was thrown.")
    }

    @Test("Plans that find nothing are refused, however they cut; the dense plan is none of them")
    func nothingFound() throws {
      let study = try StudyFixture()
      let dense = try study.checkpoint(study.context.network)
      let data = try StudyData(source: study.context.spec.data, split: SplitSpec(), input: InputNormalization())
      for granularity in [Granularity.head, .unit, .layer, .nOfM(kept: 1, of: 1024)] {
        for (kind, order) in [(Schedule.Kind.oneShot, LayerOrder.allAtOnce), (.oneShot, .topDown), (.agp, .topDown)] {
          var plan = study.plan(.l1, granularity)
          plan.schedule = Schedule(kind, steps: 2, epochsPerStep: 0.1)
          plan.order = order
          let error = #expect(throws: SelectionError.self, "\(granularity) \(kind) \(order)") {
            try NetworkPruning(
              dense, plan: plan, data: data, epochs: kind == .oneShot ? 0 : 0.2, progress: { _, _ in })
          }
          #expect(error?.code == .nothingFound)
        }
        // A pattern always removes its share.
        guard granularity.isStructured else { continue }
        let whole = try NetworkPruning(
          dense, plan: study.plan(.l1, granularity, sparsity: 0), data: nil, epochs: 0, progress: { _, _ in })
        #expect(whole.after.parameters == whole.before.parameters)
      }
    }

    @Test("Plans whose parts cannot be together are refused by name")
    func conflicts() throws {
      let study = try StudyFixture()
      let dense = try study.checkpoint(study.context.network)
      let data = try StudyData(source: study.context.spec.data, split: SplitSpec(), input: InputNormalization())
      var pattern = study.plan(.l1, .nOfM(kept: 2, of: 4))
      pattern.schedule = Schedule(.agp, steps: 2, epochsPerStep: 0.1)
      var layers = study.plan()
      (layers.scope, layers.order) = (.layersThenWeights, .bottomUp)
      let cases: [(PruningPlan, Double, String)] = [(pattern, 0.2, "'agp'"), (layers, 0, "'bottom-up'")]
      for (plan, epochs, word) in cases {
        let error = #expect(throws: EvaluationError.self) {
          try NetworkPruning(dense, plan: plan, data: data, epochs: epochs, progress: { _, _ in })
        }
        #expect(error?.code == .badPlan && error?.message.contains(word) == true)
      }
    }

    @Test("A validation count is taken from the test file where the weights have seen the training file")
    func validationCount() throws {
      let study = try StudyFixture()
      let cases: [(Int?, Int)] = [(nil, StudyFixture.testCount / 2), (50, 50), (159, 159)]
      for (count, total) in cases {
        let data = try StudyData(
          source: study.context.spec.data, split: SplitSpec(validation: count), input: InputNormalization())
        #expect(try data.batches(.validation).count == total)
        #expect(try data.batches(.sealed).count == StudyFixture.testCount - total)
        #expect(try data.batches(.training).count == StudyFixture.trainingCount)
      }
    }

    @Test("A data folder that is not there is named")
    func missingData() throws {
      let study = try StudyFixture()
      var context = study.context
      context.spec.data = DataSource(format: "idx", path: study.folder.file("nowhere").path)
      let error = try failure { _ = try EvaluationRunner(context: context, threads: 1) }
      #expect(error.message.contains("nowhere"))
    }

    @Test("A truncated image file is named, with its sizes")
    func truncatedData() throws {
      let study = try StudyFixture()
      let file = URL(fileURLWithPath: try #require(study.context.spec.data.path))
        .appendingPathComponent("train-images-idx3-ubyte")
      try Data(contentsOf: file).prefix(20_000).write(to: file)
      let error = try failure { _ = try study.runner() }
      #expect(error.message.contains("train-images-idx3-ubyte"))
    }

    @Test("A network for other images or other classes is refused with both shapes")
    func misfit() throws {
      for (network, words) in [
        (try StudyFixture.network(size: 16), ["16, 16", "12, 12"]), (try StudyFixture.network(classes: 7), ["7", "4"]),
      ] {
        let study = try StudyFixture(network: network)
        let error = try failure { _ = try study.runner() }
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
      }
    }

    @Test("An operator that we do not run is named")
    func unsupportedOperator() throws {
      let study = try StudyFixture()
      var bytes = try ONNXFile.encode(StudyFixture.network())
      while let place = bytes.range(of: Data("\u{4}Relu".utf8)) {
        bytes.replaceSubrange(place, with: Data("\u{4}Rolu".utf8))
      }
      var context = study.context
      context.network = try study.store.put(bytes)
      let error = try failure { _ = try EvaluationRunner(context: context, threads: 1) }
      #expect(error.message.contains("Rolu"))
    }

    @Test("A network that is exported for one image at a time is evaluated in batches")
    func fixedBatch() throws {
      var network = try StudyFixture.network()
      network.inputs[0].shape[0] = .fixed(1)
      network.outputs[0].shape[0] = .fixed(1)
      let study = try StudyFixture(network: network)
      var runner = try study.runner()
      #expect(try runner.run(study.baseline).measures.accuracy.total == StudyFixture.testCount / 2)
    }

    @Test("Files that the user named and that are not there")
    func missingFiles() throws {
      for source in [
        NetworkSource.file(path: "/nowhere/base.onnx"), .builtin(name: "resnet20", weights: "/nowhere/w.safetensors"),
      ] {
        let error = #expect(throws: NetworkLoadingError.self) { try source.load() }
        #expect(error?.code == .missingFile)
        #expect(error?.exitCode == .missingInput)
      }
      #expect(throws: GraphError.self) { try NetworkSource.builtin(name: "lenet", weights: nil).load() }
    }
  }
}
