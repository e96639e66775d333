import Evaluation
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import NetworkLoading
import StudyModel
import Support
import TestSupport
import Testing
import Training

extension EvaluationTests {
  /// Networks as specs and command lines name them, and how they are made ready.
  @Suite struct NetworkLoadingTests {
    @Test func valuesAreNamed() throws {
      #expect(try NamedValues.integers(["sr=16000", "a=b=-2"]) == ["sr": 16000, "a=b": -2])
      for wrong in [["sr"], ["=1"], ["sr=fast"], ["sr=1", "sr=2"]] {
        let error = #expect(throws: NetworkLoadingError.self) { try NamedValues.integers(wrong) }
        #expect(error?.code == .badAssignment)
      }
    }

    @Test func frozenWeightsGoByNameOrLayer() throws {
      var source = NetworkSource.builtin(name: "fashion-cnn", weights: nil)
      source.freeze = ["conv1", "bn2.*"]
      let graph = try source.load()
      #expect(graph.frozenWeights.contains("conv1.weight"))
      #expect(graph.frozenWeights.contains("bn2.bias"))
      #expect(!graph.frozenWeights.contains("conv2.weight"))
      let module = try GraphModule(graph)
      #expect(!module.parameters.contains { graph.frozenWeights.contains($0.name) })
      #expect(module.parameters.contains { $0.name == "conv2.weight" })
      // It survives a file.
      #expect(try ONNXFile.decode(ONNXFile.encode(graph)).frozenWeights == graph.frozenWeights)
      source.freeze = ["conv9*"]
      let error = #expect(throws: NetworkLoadingError.self) { try source.load() }
      #expect(error?.code == .noSuchWeight)
    }

    /// As the options of a command say it.
    @Test func commandsSayTheSameAsSpecs() throws {
      let source = try NetworkSource.parse(
        "builtin:lstm", weights: nil, set: ["sr=16000"], freeze: ["fc*"], statePairs: ["h0=hn", "a=b=c"])
      #expect(
        source
          == NetworkSource(
            .builtin(name: "lstm"), fixedInputs: ["sr": 16000], statePairs: ["h0": "hn", "a=b": "c"], freeze: ["fc*"]))
      let error = #expect(throws: NetworkLoadingError.self) {
        try NetworkSource.parse("a.onnx", weights: nil, set: [], freeze: [], statePairs: ["h0"])
      }
      #expect(error?.remedy?.contains("h0=hn") == true)
    }

    @Test func wrongNamesAreErrors() throws {
      var source = NetworkSource.builtin(name: "lstm", weights: nil)
      source.statePairs = ["h0": "hn"]
      #expect(throws: NetworkLoadingError.self) { try source.load() }
      source.statePairs = [:]
      source.fixedInputs = ["sr": 1]
      #expect(throws: NetworkLoadingError.self) { try source.load() }
    }

    /// Weights of a safetensors file over a network from an ONNX file.
    @Test func weightsAreLaidOverAFile() throws {
      let folder = try TemporaryFolder()
      let (first, second) = try (
        BuiltinNetworks.graph(named: "lenet5", seed: 1), BuiltinNetworks.graph(named: "lenet5", seed: 2)
      )
      let (file, weights) = (
        folder.url.appendingPathComponent("a.onnx"), folder.url.appendingPathComponent("b.safetensors")
      )
      try ONNXFile.encode(first).write(to: file)
      try SafetensorsFile.encode(second.learnedState).write(to: weights)
      let loaded = try NetworkSource(.file(path: file.path), weights: weights.path).load()
      #expect(loaded.learnedState == second.learnedState)
      try SafetensorsFile.encode(["strange": .zeros([2])]).write(to: weights)
      #expect(throws: GraphError.self) { try NetworkSource(.file(path: file.path), weights: weights.path).load() }
    }

    /// A network without batch normalisations gets them on request, with measured statistics, and computes what it did.
    @Test func insertedNormalizationsChangeNothing() throws {
      let network = try StudyFixture.network()
      let study = try StudyFixture(network: network)
      let spec = study.context.spec
      let data = try StudyData(source: spec.data, split: spec.split, input: spec.input)
      let dense = try data.checked(network)
      // As an exporter leaves it: without the normalisations.
      var bare = dense
      for node in dense.nodes {
        guard case .batchNormalization = node.op else { continue }
        bare.nodes.removeAll { $0.name == node.name }
        for name in node.inputs[1...] { bare.weights[name] = nil }
        for position in bare.nodes.indices {
          bare.nodes[position].inputs = bare.nodes[position].inputs.map { $0 == node.outputs[0] ? node.inputs[0] : $0 }
        }
      }
      #expect(DenseNetwork.needsNormalizations(bare, policy: .insert, criteria: []))
      #expect(!DenseNetwork.needsNormalizations(bare, policy: .keep, criteria: [.batchNormScale]))
      #expect(!DenseNetwork.needsNormalizations(dense, policy: .insert, criteria: []))
      let inserted = try DenseNetwork.insertingNormalizations(bare, data: data, seed: 3)
      #expect(inserted.insertedBatchNormalizations.count == 2)
      let images = try data.batches(.validation).batch(0..<16).images
      let (before, after) = try (GraphModule(bare).infer(images).floats, GraphModule(inserted).infer(images).floats)
      for (a, b) in zip(before, after) { #expect(abs(a - b) <= 1e-4 * max(1, abs(a))) }
      let means = inserted.weights.filter { $0.key.hasSuffix("batch-norm.running_mean") }
      #expect(means.values.allSatisfy { $0.floats.contains { $0 != 0 } })
      let folded = inserted.foldingInsertedBatchNormalizations()
      #expect(folded.nodes.map(\.name) == bare.nodes.map(\.name))
    }
  }
}
