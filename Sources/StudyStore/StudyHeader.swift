import Foundation
import StudyModel
import Support

/// What a study is, written once when it is made.
package struct StudyHeader: Hashable, Sendable {
  /// Names this study among all others, so that a worker never takes one coordinator for another.
  package let runID: UUID
  /// Hash of network, data and split, engine version and seed.
  package let identity: Digest
  /// The spec with all defaults, as canonical bytes.
  package let specBytes: Data
  /// The context that workers get, as canonical bytes.
  package let contextBytes: Data

  package init(runID: UUID, identity: Digest, specBytes: Data, contextBytes: Data) {
    self.runID = runID
    self.identity = identity
    self.specBytes = specBytes
    self.contextBytes = contextBytes
  }

  package init(context: StudyContext, identity: Digest, runID: UUID = UUID()) throws {
    self.init(
      runID: runID, identity: identity, specBytes: try CanonicalBytes.encode(context.spec),
      contextBytes: try CanonicalBytes.encode(context))
  }

  package func spec() throws -> StudySpec { try CanonicalBytes.decode(StudySpec.self, from: specBytes) }
  package func context() throws -> StudyContext { try CanonicalBytes.decode(StudyContext.self, from: contextBytes) }
}
