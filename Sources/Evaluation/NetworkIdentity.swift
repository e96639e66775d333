import ModelFormats
import ModelGraph
import StudyModel
import Support

/// Names a network that a plan has cut, together with everything by which later steps are decided.
enum NetworkIdentity {
  /// What of a plan acts after the cut, beside the network itself.
  private struct Sequel: Encodable {
    let network: Digest
    /// A plan that says it removes nothing keeps the dense network's statistics.
    let recalibrates: Bool
    /// Which layers' zeros training leaves alone; nil where tensors shrank.
    let maskedLayers: LayerSet?
    let recovery: Recovery
    let seed: UInt64
  }

  /// Evaluations of plans with equal digests are the same bit for bit, at every rung, latencies and provenance aside.
  ///
  /// The network counts as the bytes that an export would have, weights included: criteria that keep the same units may have
  /// changed the weights that stay. Nil for plans that train before their last cut, whose later rungs start from the dense
  /// network and depend on all of the plan: rung 0 only shows what one cut would do.
  static func digest(of graph: Graph, cutBy plan: PruningPlan) throws -> Digest? {
    guard !plan.trainsBeforeLastCut else { return nil }
    return try CanonicalBytes.digest(
      of: Sequel(
        network: ONNXFile.digest(of: graph), recalibrates: !plan.removesNothing,
        maskedLayers: plan.granularity.isStructured ? nil : plan.layers, recovery: plan.recovery, seed: plan.seed))
  }
}
