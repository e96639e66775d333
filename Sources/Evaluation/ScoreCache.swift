import ArtifactStore
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support

/// What importance scores depend on; equal keys have equal scores.
package struct ScoreKey: Hashable, Sendable, Codable {
  /// `EngineIdentity.digest`: other sources, another libtorch or other instructions may compute something else.
  private let engine: Digest
  private let network: Digest
  private let criterion: Criterion
  /// Whatever zeroes weights looks at the scores of single ones.
  private let granularity: Granularity
  /// How channels' scores in several layers become one, where the plan says so.
  private let aggregation: Aggregation?
  private let transform: StatisticTransform
  /// Data, split and input scaling; nil for criteria that look at weights alone.
  private let data: Digest?
  /// Nil for criteria that make no random choice.
  private let seed: UInt64?

  package init(
    network: Digest, criterion: Criterion, ranking: Ranking = Ranking(), granularity: Granularity, data: Digest?,
    seed: UInt64, engine: Digest = EngineIdentity.current.digest
  ) {
    self.engine = engine
    self.network = network
    self.criterion = criterion
    self.granularity = granularity.isStructured ? granularity : .element
    aggregation = granularity.isStructured ? ranking.aggregation : nil
    transform = criterion.isMoment ? ranking.transform : .none
    self.data = criterion.needsData ? data : nil
    self.seed = criterion.needsData || criterion.drawsNumbers ? seed : nil
  }
}

/// Scores shared by the workers of a study: computed by the first that needs them, read by all others.
///
/// The scores are safetensors in the artifact store; a small file for each key beside it holds their digest. A lock
/// per key keeps two workers from computing the same scores at the same time.
package struct ScoreCache {
  private let artifacts: ArtifactStore
  private let folder: URL

  /// Makes the folder of names, `scores` within `folder`.
  package init(artifacts: ArtifactStore, folder: URL) throws {
    self.artifacts = artifacts
    self.folder = folder.appendingPathComponent("scores")
    try ChildFolder.make(at: self.folder)
  }

  /// The scores under `key`, by name of group or weight; `compute` runs only when nobody has stored them. While another worker
  /// computes them this one reports that it waits.
  package func scores(
    for key: ScoreKey, progress: WorkProgress = .unwatched, compute: () throws -> [String: [Float]]
  ) throws -> [String: [Float]] {
    let name = try CanonicalBytes.digest(of: key).hex
    let entry = folder.appendingPathComponent(name)
    if let stored = stored(at: entry) { return stored }
    let lock = try FileLock(waitingFor: folder.appendingPathComponent(name + ".lock"), progress: progress)
    defer { withExtendedLifetime(lock) {} }
    if let stored = stored(at: entry) { return stored }
    let scores = try compute()
    let tensors = scores.mapValues { TensorData(shape: [$0.count], floats: $0) }
    let digest = try artifacts.put(try SafetensorsFile.encode(tensors, metadata: [:]))
    try DurableFile.write(Data(digest.hex.utf8), to: entry)
    return scores
  }

  /// A name whose artifact is gone or damaged counts as absent: the scores are computed again.
  private func stored(at entry: URL) -> [String: [Float]]? {
    guard let text = try? String(contentsOf: entry, encoding: .utf8), let digest = Digest(hex: text),
      let bytes = try? artifacts.read(digest), let file = try? SafetensorsFile.decode(bytes)
    else { return nil }
    return file.tensors.mapValues { $0.floats }
  }
}
