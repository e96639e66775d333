import ArtifactStore
import Evaluation
import Foundation
import StudyModel
import Support
import TestSupport
import Testing

extension EvaluationTests {
  @Suite struct ScoreCacheTests {
    private let folder: TemporaryFolder
    private let cache: ScoreCache
    private let network = Digest(of: Data("network".utf8))
    private let scores: [String: [Float]] = ["conv1": [0.1, .pi, -0], "fc1": [1e-38]]

    init() throws {
      folder = try TemporaryFolder()
      cache = try ScoreCache(artifacts: ArtifactStore(folder: folder.url), folder: folder.url)
    }

    private func key(_ criterion: Criterion, data: Digest? = nil, seed: UInt64 = 0) -> ScoreKey {
      ScoreKey(network: network, criterion: criterion, granularity: .channel, data: data, seed: seed)
    }

    @Test("Scores are computed once, also for another worker, and come back bit for bit")
    func hit() throws {
      #expect(try cache.scores(for: key(.l1)) { scores } == scores)
      let other = try ScoreCache(artifacts: ArtifactStore(folder: folder.url), folder: folder.url)
      #expect(try other.scores(for: key(.l1)) { ["wrong": []] } == scores)
      #expect(try other.scores(for: key(.l2)) { ["other": [2]] } == ["other": [2]])
    }

    @Test("The key holds what the criterion depends on, and no more")
    func keys() {
      let data = Digest(of: Data("data".utf8))
      #expect(key(.l1, data: data, seed: 1) == key(.l1, seed: 2))
      #expect(key(.random, data: data, seed: 1) == key(.random, seed: 1))
      #expect(key(.random, seed: 1) != key(.random, seed: 2))
      #expect(key(.taylor, data: data, seed: 1) != key(.taylor, seed: 1))
      #expect(key(.taylor, data: data, seed: 1) != key(.taylor, data: data, seed: 2))
    }

    @Test("A damaged entry is computed again")
    func damage() throws {
      _ = try cache.scores(for: key(.l1)) { scores }
      let names = folder.url.appendingPathComponent("scores")
      for name in try FileManager.default.contentsOfDirectory(atPath: names.path) {
        try Data("nonsense".utf8).write(to: names.appendingPathComponent(name))
      }
      #expect(try cache.scores(for: key(.l1)) { ["new": [1]] } == ["new": [1]])
      #expect(try cache.scores(for: key(.l1)) { [:] } == ["new": [1]])
    }

    @Test("A failed computation leaves nothing behind")
    func failure() throws {
      #expect(throws: CancellationError.self) { try cache.scores(for: key(.l1)) { throw CancellationError() } }
      #expect(try cache.scores(for: key(.l1)) { scores } == scores)
    }
  }
}
