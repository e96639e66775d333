import StudyModel
import Support

/// What makes a study this one and no other. Which engine made a figure is not part of it; that stands with each evaluation.
package struct StudyIdentity: Hashable, Sendable, Codable {
  /// The dense network as it is searched: weights from files beside it are in it, as are inputs that were fixed.
  package var network: Digest
  /// The examples and labels of the training file, and of the test file, from which validation is cut by default.
  package var training: Digest
  package var test: Digest
  package var split: SplitSpec
  package var seed: UInt64

  package init(network: Digest, training: Digest, test: Digest, split: SplitSpec, seed: UInt64) {
    self.network = network
    self.training = training
    self.test = test
    self.split = split
    self.seed = seed
  }

  package func digest() throws -> Digest { try CanonicalBytes.digest(of: self) }

  /// The identity that a study of layout 1 or 2 has: the test file is no part of it, and the version of the only release that
  /// made such studies is.
  package func earlierDigest() throws -> Digest {
    struct Earlier: Encodable {
      let network: Digest
      let data: Digest
      let split: SplitSpec
      let version: String
      let seed: UInt64
    }
    return try CanonicalBytes.digest(
      of: Earlier(network: network, data: training, split: split, version: "0.1.0", seed: seed))
  }

  /// What differs, each with its name and both values for people; empty when both are the same.
  package func differences(to other: StudyIdentity) -> [String] {
    var found: [String] = []
    for (name, old, new) in [
      ("network", network, other.network), ("training file", training, other.training), ("test file", test, other.test),
    ] where old != new {
      found.append("the \(name): SHA-256 \(old.short)..., now \(new.short)...")
    }
    if split != other.split { found.append("the split") }
    if seed != other.seed { found.append("the seed: \(seed), now \(other.seed)") }
    return found
  }
}
