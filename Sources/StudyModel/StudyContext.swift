import Foundation
import Support

/// What a worker and its engine need to know of a study, sent once, before any lease.
package struct StudyContext: Hashable, Sendable, Codable {
  package var spec: StudySpec
  /// The dense network as an ONNX file in the artifact store.
  package var network: Digest
  /// The artifact store's folder, shared by all processes of an embedded search.
  package var artifactFolder: String

  package init(spec: StudySpec, network: Digest, artifactFolder: String) {
    self.spec = spec
    self.network = network
    self.artifactFolder = artifactFolder
  }
}
