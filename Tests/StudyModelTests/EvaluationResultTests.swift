import Foundation
import StudyModel
import Support
import Testing

@Suite struct EvaluationResultTests {
  private static let measures = Measures(
    accuracy: Proportion(successes: 9, total: 10), loss: 0.5, parameters: 3, nonzeroParameters: 2, macs: 4,
    sizeBytes: 5,
    latency: nil)

  /// The bytes of a result as studies have stored them since before results named networks and engines.
  private static let bytes = Data(
    (#"{"checkpoint":null,"keptUnits":{},"measures":{"accuracy":{"successes":9,"total":10},"loss":0.5,"macs":4,"#
      + #""nonzeroParameters":2,"parameters":3,"sizeBytes":5},"timings":{}}"#).utf8)

  @Test func storedResultsAreReadAndWrittenAsBefore() throws {
    let result = EvaluationResult(measures: Self.measures, checkpoint: nil)
    #expect(try CanonicalBytes.decode(EvaluationResult.self, from: Self.bytes) == result)
    let plain = String(decoding: Self.bytes, as: UTF8.self).replacing(#""checkpoint":null,"#, with: "")
    #expect(String(decoding: try CanonicalBytes.encode(result), as: UTF8.self) == plain)
  }

  @Test func provenanceTravels() throws {
    let digest = Digest(of: Data("x".utf8))
    let result = EvaluationResult(
      measures: Self.measures, checkpoint: digest, network: digest, copyOf: TrialID(4), engine: digest, threads: 2)
    #expect(try CanonicalBytes.decode(EvaluationResult.self, from: CanonicalBytes.encode(result)) == result)
  }

  @Test func anEnginesNameIsFixed() throws {
    let engine = EngineIdentity(
      sources: Digest(of: Data()), libtorch: "2.13.0, build 1", instructionSet: "x86_64 AVX2")
    // printf 'engine 1\ne3b0c442...b855\n2.13.0, build 1\nx86_64 AVX2\n' | sha256sum
    #expect(engine.digest.hex == "6550ca661de83414fa7b6f6fcacc7c1c59239f480821e56529b83d6fb3bcee51")
    #expect(engine.differences(from: engine).isEmpty)
  }
}
