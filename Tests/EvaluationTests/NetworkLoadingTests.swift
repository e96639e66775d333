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

    /// By the ending of its name, or by its first bytes; ONNX is ONNX under any name.
    @Test(arguments: [
      ("net.pt", [UInt8](), "torch.onnx.export"), ("net.pth", [0x80, 0x02], "torch.load"),
      ("net.ckpt", [1], "load_from_checkpoint"), ("net.keras", [1], "keras.saving.load_model"),
      ("net.h5", [1], "format='onnx'"), ("net.tflite", [1], "tf2onnx.convert --tflite"),
      ("net.safetensors", [8, 0, 0, 0, 0, 0, 0, 0], "--weights"), ("net.PT", [1], "torch.onnx.export"),
      ("zip.onnx", Array("PK\u{3}\u{4}".utf8), "torch.onnx.export"),
      ("hdf.onnx", [0x89] + Array("HDF\r\n".utf8), "keras"),
      ("lite.onnx", [0x1c, 0, 0, 0] + Array("TFL3".utf8), "tf2onnx"), ("graph.pb", [0x0a], "--saved-model"),
    ]) func otherFormatsGetTheirExportCommand(name: String, bytes: [UInt8], command: String) throws {
      let folder = try TemporaryFolder()
      let file = folder.file(name)
      try Data(bytes.isEmpty ? [1] : bytes).write(to: file)
      let error = #expect(throws: NetworkLoadingError.self) { try NetworkSource.file(path: file.path).load() }
      #expect(error?.code == .foreignFormat && error?.exitCode == .badData, "\(String(describing: error))")
      #expect(error?.remedy?.contains(command) == true, "\(String(describing: error))")
      try FileManager.default.removeItem(at: file)
      let missing = #expect(throws: NetworkLoadingError.self) { try NetworkSource.file(path: file.path).load() }
      #expect(missing?.code == .missingFile && missing?.exitCode == .missingInput)
    }

    @Test func networksAreKnownByTheirBytes() throws {
      let folder = try TemporaryFolder()
      let graph = try BuiltinNetworks.graph(named: "lenet5")
      for name in ["net.pb", "net.bin", "net"] {
        try ONNXFile.encode(graph).write(to: folder.file(name))
        #expect(try NetworkSource.file(path: folder.file(name).path).load().name == graph.name, "\(name)")
      }
    }

    @Test func whatIsMissingOrEmptySaysWhatWasMeant() throws {
      for (name, builtin) in [("resnet20", "resnet20"), ("resnet21", "resnet20"), ("/studies/lenet-5", "lenet5")] {
        let error = #expect(throws: NetworkLoadingError.self) { try NetworkSource.file(path: name).load() }
        #expect(error?.code == .missingFile)
        #expect(error?.remedy?.contains("builtin:\(builtin)?") == true, "\(String(describing: error))")
      }
      let unknown = #expect(throws: GraphError.self) {
        try NetworkSource.builtin(name: "resnet21", weights: nil).load()
      }
      #expect(unknown?.message.contains("the nearest is 'resnet20'") == true)
      let folder = try TemporaryFolder()
      try Data().write(to: folder.file("net.onnx"))
      let empty = #expect(throws: NetworkLoadingError.self) {
        try NetworkSource.file(path: folder.file("net.onnx").path).load()
      }
      #expect(empty?.code == .emptyFile && empty?.message.contains("0 bytes") == true)
      try Data().write(to: folder.file("w.safetensors"))
      let weights = #expect(throws: NetworkLoadingError.self) {
        try NetworkSource.builtin(name: "lenet5", weights: folder.file("w.safetensors").path).load()
      }
      #expect(weights?.code == .emptyFile)
      try Data([0x80]).write(to: folder.file("w.pt"))
      let torch = #expect(throws: NetworkLoadingError.self) {
        try NetworkSource.builtin(name: "lenet5", weights: folder.file("w.pt").path).load()
      }
      #expect(torch?.code == .foreignFormat && torch?.remedy?.contains("save_file") == true)
      // A file beside the missing one is likelier than a built-in network, but for its exact name.
      try Data([8]).write(to: folder.file("lstm.onnx"))
      try Data([8]).write(to: folder.file("resnet2.onnx"))
      for (name, words) in [
        ("lstm", "builtin:lstm?"), ("resnet2", "resnet2.onnx'?"), ("restnet20", "builtin:resnet20?"),
      ] {
        let error = #expect(throws: NetworkLoadingError.self) {
          try NetworkSource.file(path: folder.file(name).path).load()
        }
        #expect(error?.remedy?.contains(words) == true, "\(String(describing: error))")
      }
      try FileManager.default.createDirectory(at: folder.file("saved"), withIntermediateDirectories: false)
      try Data([8]).write(to: folder.file("saved/saved_model.pb"))
      let saved = #expect(throws: NetworkLoadingError.self) {
        try NetworkSource.file(path: folder.file("saved").path).load()
      }
      #expect(saved?.code == .foreignFormat && saved?.remedy?.contains("--saved-model '") == true)
      let inside = #expect(throws: NetworkLoadingError.self) { try NetworkSource.file(path: folder.url.path).load() }
      #expect(inside?.message.contains("is a folder") == true)
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

    /// Weights without the scaling under which they were learned would be fed by what is usual.
    @Test func weightsBringTheirScaling() throws {
      let folder = try TemporaryFolder()
      let notes = TrainingMetadata(
        input: InputNormalization(mean: [0.4], std: [0.2]), layout: "NCHW", split: SplitSpec(train: 5))
      let trained = try notes.laid(over: BuiltinNetworks.graph(named: "lenet5", seed: 1))
      let weights = folder.file("w.safetensors")
      try SparseTensorFile.encode(trained.learnedState, metadata: trained.weightsNotes).write(to: weights)
      let loaded = try NetworkSource.builtin(name: "lenet5", weights: weights.path).load()
      #expect(try TrainingMetadata(of: loaded) == notes)
      #expect(Set(loaded.metadata.keys) == TrainingMetadata.keys && loaded.learnedState == trained.learnedState)
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
