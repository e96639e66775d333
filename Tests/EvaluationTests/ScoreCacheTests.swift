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

    @Test("Scores and scans of another engine are not taken")
    func engines() {
      let (mine, other) = (EngineIdentity.current.digest, Digest(of: Data("other".utf8)))
      func score(_ engine: Digest) -> ScoreKey {
        ScoreKey(network: network, criterion: .l1, granularity: .channel, data: nil, seed: 0, engine: engine)
      }
      #expect(score(mine) == key(.l1) && score(other) != key(.l1))
      func scan(_ engine: Digest) -> SensitivityKey {
        SensitivityKey(
          network: network, data: network, plan: .dense(seed: 0), group: "a", ratios: [0.5], samples: nil,
          engine: engine)
      }
      #expect(scan(mine) == scan(EngineIdentity.current.digest) && scan(other) != scan(mine))
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

    @Test("Whoever waits for another's scores reports meanwhile, takes them when they are there, and can stop waiting")
    func waiting() throws {
      struct Stop: Error {}
      let name = try CanonicalBytes.digest(of: key(.l1)).hex
      let lock = folder.url.appendingPathComponent("scores/\(name).lock").path
      let other = open(lock, O_RDWR | O_CREAT, 0o644)
      try #require(other >= 0 && flock(other, LOCK_EX) == 0)
      defer { close(other) }
      var reports = 0
      #expect(throws: Stop.self) {
        try cache.scores(
          for: key(.l1),
          progress: WorkProgress { _ in
            reports += 1
            if reports == 3 { throw Stop() }
          }
        ) { ["wrong": []] }
      }
      #expect(reports == 3)
      // The other one stores its scores and lets go.
      try FileManager.default.createDirectory(at: folder.file("donor"), withIntermediateDirectories: true)
      let donor = try ScoreCache(artifacts: ArtifactStore(folder: folder.url), folder: folder.file("donor"))
      #expect(try donor.scores(for: key(.l1)) { scores } == scores)
      let entry = try Data(contentsOf: folder.file("donor").appendingPathComponent("scores/\(name)"))
      let waited = try cache.scores(
        for: key(.l1),
        progress: WorkProgress { _ in
          reports += 1
          guard reports == 5 else { return }
          try entry.write(to: folder.url.appendingPathComponent("scores/\(name)"))
          flock(other, LOCK_UN)
        }
      ) { ["wrong": []] }
      #expect(waited == scores && reports == 5)
    }

    @Test("A failed computation leaves nothing behind")
    func failure() throws {
      #expect(throws: CancellationError.self) { try cache.scores(for: key(.l1)) { throw CancellationError() } }
      #expect(try cache.scores(for: key(.l1)) { scores } == scores)
    }
  }
}
