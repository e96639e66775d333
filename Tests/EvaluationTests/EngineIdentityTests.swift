import Evaluation
import Foundation
import StudyModel
import Support
import Tensors
import Testing

extension EvaluationTests {
  @Suite struct EngineIdentityTests {
    /// The digest of the files as they lie there now, in the order of the list.
    @Test("The engine carries the sources that it was built from")
    func sources() throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources")
      let list = try String(
        contentsOf: root.appendingPathComponent("CTorchShim/Generated/EngineSources.cpp"), encoding: .utf8)
      var builder = DigestBuilder()
      var count = 0
      for match in list.matches(of: /(?m)^#embed "\.\.\/\.\.\/([^"]+)"/) {
        let bytes = try Data(contentsOf: root.appendingPathComponent(String(match.1)))
        builder.update(bytes)
        if !bytes.isEmpty { builder.update(Data([0])) }
        count += 1
      }
      #expect(count > 400)
      let digest = builder.finalize()
      #expect(EngineIdentity.current.sources == digest)
    }

    @Test("libtorch and the instruction set are named, and the name does not depend on the number of threads")
    func parts() throws {
      let engine = EngineIdentity.current
      #expect(engine.libtorch.hasPrefix(TorchRuntime.version + ", build "))
      let words = engine.instructionSet.split(separator: " ")
      #expect(words.count >= 2)
      #if arch(x86_64)
        #expect(words[0] == "x86_64" && ["DEFAULT", "AVX2", "AVX512"].contains(words[1]))
      #endif
      #expect(TorchRuntime.buildConfiguration.contains("capability usage: \(words[1])"))
    }

    @Test("Every result says which engine made it, and with how many threads")
    func provenance() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let pruned = try runner.run(study.rung(0, of: study.plan()))
      let results = try [
        runner.run(study.baseline), pruned,
        runner.run(study.rung(1, of: study.plan(), from: 0, to: 0.25, parent: pruned.checkpoint)),
        runner.run(study.sealedTest(of: pruned.checkpoint)),
      ]
      for result in results {
        #expect(result.engine == EngineIdentity.current.digest)
        #expect(result.threads == 1)
      }
    }
  }
}
