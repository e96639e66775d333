import Foundation
import ModelGraph
import StudyModel
import Support

/// What an exported network says about its making, in ONNX's metadata; enough to find its record and to make it again.
package struct CheckpointMetadata: Hashable, Sendable {
  package var study: String
  package var trial: TrialID
  package var rung: Int
  /// Cumulative epochs of fine-tuning.
  package var epochs: Double
  /// Cumulative epochs of the rungs up to this one; empty in files that do not say.
  package var rungs: [Double]
  /// Batch normalisations that the dense network's exporter had folded were inserted before the cut.
  package var insertsNormalizations: Bool
  package var plan: PruningPlan
  /// The dense network from which the plan was cut.
  package var dense: Digest
  /// Names what the cut kept, see `PrunedNetwork`.
  package var kept: Digest
  package var counts: [String: [Int]]

  package init(
    study: String, trial: TrialID, rung: Int, epochs: Double, rungs: [Double] = [],
    insertsNormalizations: Bool = false, plan: PruningPlan, dense: Digest, kept: Digest, counts: [String: [Int]]
  ) {
    self.study = study
    self.trial = trial
    self.rung = rung
    self.epochs = epochs
    self.rungs = rungs
    self.insertsNormalizations = insertsNormalizations
    self.plan = plan
    self.dense = dense
    self.kept = kept
    self.counts = counts
  }

  /// Nil when the network is no checkpoint of ours.
  package init?(of graph: Graph) {
    func entry(_ name: String) -> String? { graph.metadata["coppice." + name] }
    guard let study = entry("study"), let trial = entry("trial").flatMap(Int64.init),
      let rung = entry("rung").flatMap(Int.init),
      let epochs = entry("epochs").flatMap(Double.init), let plan = PruningPlan(metadata: graph.metadata),
      let dense = entry("dense").flatMap(Digest.init(hex:)), let kept = entry("kept").flatMap(Digest.init(hex:)),
      let counts = entry("units"),
      let counts = try? CanonicalBytes.decode([String: [Int]].self, from: Data(counts.utf8))
    else { return nil }
    let rungs = entry("rungs").flatMap { try? CanonicalBytes.decode([Double].self, from: Data($0.utf8)) }
    self.init(
      study: study, trial: TrialID(trial), rung: rung, epochs: epochs, rungs: rungs ?? [],
      insertsNormalizations: entry("inserted-batch-norm") == "true", plan: plan, dense: dense, kept: kept,
      counts: counts)
  }

  /// Entries under "coppice." laid over the network's own.
  package func laid(over graph: Graph) throws -> Graph {
    var result = graph
    result.metadata["coppice.study"] = study
    result.metadata["coppice.trial"] = trial.description
    result.metadata["coppice.rung"] = String(rung)
    result.metadata["coppice.epochs"] = "\(epochs)"
    result.metadata["coppice.rungs"] = String(decoding: try CanonicalBytes.encode(rungs), as: UTF8.self)
    if insertsNormalizations { result.metadata["coppice.inserted-batch-norm"] = "true" }
    result.metadata[PruningPlan.metadataKey] = String(decoding: try plan.canonicalBytes(), as: UTF8.self)
    result.metadata["coppice.dense"] = dense.hex
    result.metadata["coppice.kept"] = kept.hex
    result.metadata["coppice.units"] = String(decoding: try CanonicalBytes.encode(counts), as: UTF8.self)
    return result
  }
}
