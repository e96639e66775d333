import ChannelGroups
import ModelGraph
import StudyModel
import Tensors

/// Optimal brain surgeon (Hassibi and Stork 1993, equation 5) with the empirical Fisher information in the Hessian's
/// place, in blocks of 128 weights of one layer (Singh and Alistarh 2020): w^2 / (2 [H^-1]_qq), the growth of the
/// loss without the weight when all others of its block make up for it.
///
/// A channel's score is the joint one of the weights Q that read it, w_Q^T ([H^-1]_QQ)^-1 w_Q / 2, block by block and
/// summed over its layers: these are what is zero without it, and in their blocks stand the weights that can make up
/// for them. (Its filters are not: behind a batch normalisation a filter of zeros still sends a constant on.) What
/// stays is changed by the paper's step for all that leave at once (`BlockFisher`).
/// Gradients are those of single samples, so a calibration batch costs as many backward passes as it has samples.
package struct OBSImportance: CompensatingCriterion {
  package let criterion = Criterion.obs
  private let blockWidth: Int

  package init(blockWidth: Int? = nil) {
    self.blockWidth = blockWidth ?? BlockFisher.width
  }

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    let kernels = UnitSums.kernels(of: groups, .readers, in: context)
    let sums = groups.map { UnitSums($0, .readers, weights: kernels.contains) }
    try BlockFisher.forEach(kernels, in: context, width: blockWidth) { weight, fisher in
      for (group, sums) in zip(groups, sums) {
        let parts = sums.elements(in: weight, shape: fisher.shape)
        scores[group.name, default: []].append(
          LayerScores(
            layer: weight, units: parts.map(\.unit),
            scores: try fisher.scores(
              of: parts.map(\.elements), context.tensor(weight), progress: context.progress)))
      }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    var scores: [String: [Float]] = [:]
    try BlockFisher.forEach(weights, in: context, width: blockWidth) { weight, fisher in
      scores[weight] = try fisher.elementScores(context.tensor(weight)).to(.float32).floats
    }
    return scores
  }

  package func countsInUpdate(_ face: UnitFace) -> Bool { UnitSide.readers.counts(face) }

  package func compensated(_ masks: [String: [Bool]], in context: ScoringContext) throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    let weights = context.module.graph.prunableWeights().map(\.weight).filter { masks[$0] != nil }
    try BlockFisher.forEach(weights, in: context, width: blockWidth) { weight, fisher in
      let mask = try Tensor(
        doubles: (masks[weight] ?? []).map { $0 ? 1 : 0 }, shape: fisher.shape, device: context.module.device)
      result[weight] = try fisher.compensated(context.tensor(weight), mask: mask)
    }
    return result
  }
}
