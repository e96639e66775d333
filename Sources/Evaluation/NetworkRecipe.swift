import Foundation
import ModelGraph
import StudyModel
import Support

/// How a network was made from a dense one, as its own file says it: enough to make it again, and to tell whether that came out the
/// same.
package struct NetworkRecipe: Hashable, Sendable {
  package var plan: PruningPlan
  /// Cumulative epochs of the rungs, the first one 0; empty in files that do not say.
  package var rungs: [Double]
  /// Batch normalisations that the dense network's exporter had folded were inserted before the cut.
  package var insertsNormalizations: Bool
  /// The dense network from which the plan was cut.
  package var dense: Digest
  /// Names what the cut kept, see `PrunedNetwork`.
  package var kept: Digest
  /// Images, split and scaling, see `StudyData`; nil for a network that was cut without data.
  package var data: Digest?
  /// All who had a part in the weights, in order; empty in files that do not say.
  package var makers: [NetworkMaker]

  package init(
    plan: PruningPlan, rungs: [Double], insertsNormalizations: Bool, dense: Digest, kept: Digest, data: Digest?,
    makers: [NetworkMaker]
  ) {
    self.plan = plan
    self.rungs = rungs
    self.insertsNormalizations = insertsNormalizations
    self.dense = dense
    self.kept = kept
    self.data = data
    self.makers = makers
  }

  private enum Key: String, CaseIterable {
    case rungs = "coppice.rungs", insertsNormalizations = "coppice.inserted-batch-norm", dense = "coppice.dense"
    case kept = "coppice.kept", data = "coppice.data", makers = "coppice.makers"
  }

  /// Nil when the network's metadata do not say how it was made.
  package init?(of graph: Graph) {
    func entry(_ key: Key) -> String? { graph.metadata[key.rawValue] }
    func decoded<Value: Decodable>(_ type: Value.Type, _ key: Key) -> Value? {
      entry(key).flatMap { try? CanonicalBytes.decode(type, from: Data($0.utf8)) }
    }
    guard let plan = PruningPlan(metadata: graph.metadata), let dense = entry(.dense).flatMap(Digest.init(hex:)),
      let kept = entry(.kept).flatMap(Digest.init(hex:))
    else { return nil }
    self.init(
      plan: plan, rungs: decoded([Double].self, .rungs) ?? [],
      insertsNormalizations: entry(.insertsNormalizations) == "true", dense: dense, kept: kept,
      data: entry(.data).flatMap(Digest.init(hex:)), makers: decoded([NetworkMaker].self, .makers) ?? [])
  }

  /// The network with these entries, and without those of what it was made from.
  package func laid(over graph: Graph) throws -> Graph {
    var result = Self.removed(from: graph)
    func set(_ key: Key, _ value: some Encodable) throws {
      result.metadata[key.rawValue] = String(decoding: try CanonicalBytes.encode(value), as: UTF8.self)
    }
    result.metadata[PruningPlan.metadataKey] = String(decoding: try plan.canonicalBytes(), as: UTF8.self)
    try set(.rungs, rungs)
    try set(.makers, makers)
    if insertsNormalizations { result.metadata[Key.insertsNormalizations.rawValue] = "true" }
    result.metadata[Key.dense.rawValue] = dense.hex
    result.metadata[Key.kept.rawValue] = kept.hex
    if let data { result.metadata[Key.data.rawValue] = data.hex }
    return result
  }

  /// The network without a word on how it was made: what is trained on is no longer what its recipe makes.
  package static func removed(from graph: Graph) -> Graph {
    var result = graph
    for key in Key.allCases.map(\.rawValue) + [PruningPlan.metadataKey] + CheckpointMetadata.ownKeys {
      result.metadata[key] = nil
    }
    return result
  }
}
