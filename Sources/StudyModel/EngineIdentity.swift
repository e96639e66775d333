import Foundation
import Support

/// What an engine's figures depend on beside their inputs: where all of it is equal, and the number of threads is, so are they,
/// bit for bit.
package struct EngineIdentity: Hashable, Sendable, Codable {
  /// The contents of all sources from which evaluations are built.
  package var sources: Digest
  /// Version and build.
  package var libtorch: String
  /// What of the processor's instructions libtorch uses.
  package var instructionSet: String

  package init(sources: Digest, libtorch: String, instructionSet: String) {
    self.sources = sources
    self.libtorch = libtorch
    self.instructionSet = instructionSet
  }

  /// Names the engine in results and caches.
  package var digest: Digest {
    Digest(of: Data("engine 1\n\(sources)\n\(libtorch)\n\(instructionSet)\n".utf8))
  }

  /// The parts in which another engine differs, in words: "its sources are X, here Y".
  package func differences(from other: EngineIdentity) -> [String] {
    [
      ("sources", sources.short, other.sources.short), ("libtorch", libtorch, other.libtorch),
      ("instruction set", instructionSet, other.instructionSet),
    ].filter { $0.1 != $0.2 }.map { "\($0.0) \($0.1), not \($0.2)" }
  }
}
