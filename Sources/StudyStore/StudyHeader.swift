import Foundation
import StudyModel
import Support

/// What a study is, written once when it is made. The spec follows when a study goes on with another budget or other workers.
package struct StudyHeader: Hashable, Sendable {
  /// Names this study among all others, so that a worker never takes one coordinator for another.
  package let runID: UUID
  /// Hash of `parts`; for a study of an earlier layout that of network, training file, split, engine version and seed.
  package let identity: Digest
  /// The spec with all defaults, as canonical bytes.
  package let specBytes: Data
  /// The context that workers get, as canonical bytes.
  package let contextBytes: Data
  /// What `identity` is the hash of; nil for a study of an earlier layout.
  package let parts: StudyIdentity?

  package init(
    runID: UUID, identity: Digest, specBytes: Data, contextBytes: Data, parts: StudyIdentity? = nil
  ) {
    self.runID = runID
    self.identity = identity
    self.specBytes = specBytes
    self.contextBytes = contextBytes
    self.parts = parts
  }

  package init(context: StudyContext, identity: StudyIdentity, runID: UUID = UUID()) throws {
    self.init(
      runID: runID, identity: try identity.digest(), specBytes: try CanonicalBytes.encode(context.spec),
      contextBytes: try CanonicalBytes.encode(context), parts: identity)
  }

  /// Throws `UnreadableBytes` when a Coppice with other keys wrote it.
  package func spec() throws -> StudySpec {
    try CanonicalBytes.decode(StudySpec.self, from: specBytes, of: "the study's spec in its database")
  }

  package func context() throws -> StudyContext {
    try CanonicalBytes.decode(StudyContext.self, from: contextBytes, of: "the study's context in its database")
  }
}
