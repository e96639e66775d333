import ArtifactStore
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support

/// What the first measurement of a cut network depends on; equal keys have equal measures.
package struct MeasurementKey: Hashable, Sendable, Codable {
  /// See `NetworkIdentity`.
  package var network: Digest
  /// Data, split and input scaling.
  package var data: Digest
  /// Nil where latency is not measured.
  package var latency: LatencySpec?
  package var engine: Digest
  package var threads: Int

  package init(network: Digest, data: Digest, latency: LatencySpec?, engine: Digest, threads: Int) {
    self.network = network
    self.data = data
    self.latency = latency
    self.engine = engine
    self.threads = threads
  }
}

/// Networks that trials of rung 0 have measured, shared by the workers of a study: whoever cuts the same network again takes
/// over its measures.
///
/// A small file for each key names the measures and the checkpoint in the artifact store. A lock per key lets a worker that comes
/// to a network which another one is measuring wait for it.
package struct MeasuredNetworks {
  /// The measured network of another trial.
  package struct Twin {
    package let trial: TrialID
    package let measures: Measures
    /// As it was measured, its batch-norm statistics new, with the other trial's metadata.
    package let network: Graph
  }

  package enum Finding {
    case twin(Twin)
    /// Nobody has measured it: this caller does, and nobody else until the claim is gone.
    case claim(Claim)
  }

  /// The right to measure a network; it ends with its last reference.
  package final class Claim {
    private let lock: FileLock
    private let file: URL

    fileprivate init(lock: consuming FileLock, file: URL) {
      self.lock = lock
      self.file = file
    }

    /// Lets others take over what `trial` measured; the first one's figures stay.
    package func store(_ result: EvaluationResult, of trial: TrialID) throws {
      guard let checkpoint = result.checkpoint, (try? MeasuredNetworks.entry(in: file)) == nil else { return }
      let entry = Entry(trial: trial, measures: result.measures, checkpoint: checkpoint)
      try DurableFile.write(try CanonicalBytes.encode(entry), to: file)
    }
  }

  fileprivate struct Entry: Codable {
    let trial: TrialID
    let measures: Measures
    let checkpoint: Digest
  }

  private let artifacts: ArtifactStore
  private let folder: URL

  /// Makes the folder `measured` within `folder`.
  package init(artifacts: ArtifactStore, folder: URL) throws {
    self.artifacts = artifacts
    self.folder = folder.appendingPathComponent("measured")
    try ChildFolder.make(at: self.folder)
  }

  /// Another trial's measures under `key`, or the right to measure. Waits as long as another process has that right, and
  /// reports meanwhile; what `progress` throws ends the waiting.
  ///
  /// What `trial` itself measured before counts for nothing: a repeated attempt shows whether it comes to the same.
  package func find(_ key: MeasurementKey, for trial: TrialID, progress: WorkProgress) throws -> Finding {
    let name = try CanonicalBytes.digest(of: key).hex
    let file = folder.appendingPathComponent(name + ".json")
    if let twin = twin(of: trial, in: file) { return .twin(twin) }
    let lock = try FileLock(waitingFor: folder.appendingPathComponent(name + ".lock"), progress: progress)
    if let twin = twin(of: trial, in: file) { return .twin(twin) }
    if (try? Self.entry(in: file))?.trial != trial { try? FileManager.default.removeItem(at: file) }
    return .claim(Claim(lock: lock, file: file))
  }

  /// An entry whose network is gone or damaged counts as absent.
  private func twin(of trial: TrialID, in file: URL) -> Twin? {
    guard let entry = try? Self.entry(in: file), entry.trial != trial,
      let bytes = try? artifacts.read(entry.checkpoint),
      let network = try? ONNXFile.decode(bytes)
    else { return nil }
    return Twin(trial: entry.trial, measures: entry.measures, network: network)
  }

  fileprivate static func entry(in file: URL) throws -> Entry {
    try CanonicalBytes.decode(Entry.self, from: Data(contentsOf: file))
  }
}
