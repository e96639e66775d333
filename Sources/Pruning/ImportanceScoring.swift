import ChannelGroups
import GraphRuntime
import Selection
import StudyModel
import Training

/// Scores by a criterion's name: the one list of the criteria that exist.
package enum ImportanceScoring {
  /// Every criterion of `Criterion` has an implementation here; the compiler holds us to it.
  package static func implementation(of criterion: Criterion) -> any ImportanceCriterion {
    switch criterion {
    case .random: RandomImportance()
    case .l1: L1Importance()
    case .l2: L2Importance()
    case .batchNormScale: BatchNormScaleImportance()
    case .taylor: TaylorImportance()
    case .fpgm: FPGMImportance()
    case .linf: LInfinityImportance()
    case .lamp: LAMPImportance()
    case .mean: WeightMomentImportance(.mean)
    case .variance: WeightMomentImportance(.variance)
    case .skewness: WeightMomentImportance(.skewness)
    case .kurtosis: WeightMomentImportance(.kurtosis)
    case .gradientSign: GradientSignImportance()
    case .snip: SNIPImportance()
    case .grasp: GraSPImportance()
    case .synflow: SynFlowImportance()
    case .fisher: FisherImportance()
    case .obd: OBDImportance()
    }
  }

  /// One score for every unit of every group, of the network as the module holds it. Throws `PruningError`; nothing that is
  /// not finite is returned.
  package static func channelScores(
    _ criterion: Criterion, groups: [ChannelGroup], module: GraphModule, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration()
  ) throws -> GroupScores {
    let context = ScoringContext(module: module, data: data, seed: seed, calibration: calibration)
    let scores = try implementation(of: criterion).channelScores(of: groups, in: context)
    try check(scores, criterion)
    return scores
  }

  /// One score for every element of the named weights. Throws `PruningError` for criteria that judge channels only.
  package static func elementScores(
    _ criterion: Criterion, weights: [String], module: GraphModule, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration()
  ) throws -> [String: [Float]] {
    let context = ScoringContext(module: module, data: data, seed: seed, calibration: calibration)
    let scores = try implementation(of: criterion).elementScores(of: weights, in: context)
    try check(scores, criterion)
    return scores
  }

  private static func check(_ scores: [String: [Float]], _ criterion: Criterion) throws {
    for name in scores.keys.sorted() {
      guard let bad = scores[name]?.firstIndex(where: { !$0.isFinite }) else { continue }
      throw PruningError(
        .invalidScores, "The '\(criterion.rawValue)' score of '\(name)' at \(bad) is \(scores[name]?[bad] ?? .nan).",
        remedy: "Look for weights that are not finite, or a learning rate that was too high, in the dense network.")
    }
  }
}
