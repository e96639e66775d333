import ArtifactStore
import Support

/// What a study takes of its disk, and what is left there; as a coordinator's shell last saw it.
package struct StorageReport: Hashable, Sendable {
  /// Bytes of each blob in the artifact store, by its name.
  package var blobs: [Digest: Int]
  /// Those of them that are importance scores.
  package var scores: Set<Digest>
  /// Bytes of all else in the study's folder: the database, logs, exported networks, and blobs that could not be removed.
  package var otherBytes: Int
  /// Those of the exported networks; nil where none are exported.
  package var exportedBytes: Int?
  /// Nil where the filesystem does not say.
  package var space: FreeSpace?

  package init(
    blobs: [Digest: Int], scores: Set<Digest> = [], otherBytes: Int = 0, exportedBytes: Int? = nil,
    space: FreeSpace? = nil
  ) {
    self.blobs = blobs
    self.scores = scores
    self.otherBytes = otherBytes
    self.exportedBytes = exportedBytes
    self.space = space
  }

  package var usedBytes: Int { blobs.values.reduce(otherBytes, +) }
}
