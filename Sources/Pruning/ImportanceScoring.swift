import ChannelGroups
import GraphRuntime
import Selection
import StudyModel
import Support
import Training

/// Scores by a criterion's name: the one list of the criteria that exist.
package enum ImportanceScoring {
  /// Every criterion of `Criterion` has an implementation here; the compiler holds us to it.
  /// `transform` is for criteria that take moments; the others have no use for it.
  package static func implementation(
    of criterion: Criterion, transform: StatisticTransform = .none
  ) -> any ImportanceCriterion {
    switch criterion {
    case .random: RandomImportance()
    case .l1: L1Importance()
    case .l2: L2Importance()
    case .batchNormScale: BatchNormScaleImportance()
    case .taylor: TaylorImportance()
    case .fpgm: FPGMImportance()
    case .linf: LInfinityImportance()
    case .lamp: LAMPImportance()
    case .mean: WeightMomentImportance(.mean, transform: transform)
    case .variance: WeightMomentImportance(.variance, transform: transform)
    case .skewness: WeightMomentImportance(.skewness, transform: transform)
    case .kurtosis: WeightMomentImportance(.kurtosis, transform: transform)
    case .gradientSign: GradientSignImportance()
    case .snip: SNIPImportance()
    case .grasp: GraSPImportance()
    case .synflow: SynFlowImportance()
    case .fisher: FisherImportance()
    case .obd: OBDImportance()
    case .entropy: EntropyImportance()
    case .meanActivation: MeanActivationImportance()
    case .apoz: APoZImportance()
    case .hrank: HRankImportance()
    case .wanda: WandaImportance()
    case .distilledSparsity: DistilledSparsityImportance()
    case .obs: OBSImportance()
    case .sparseGPT: SparseGPTImportance()
    case .hessianTrace: HessianTraceImportance()
    case .movement: MovementImportance()
    case .dropoutRates: DropoutRateImportance()
    case .gates: GateImportance()
    }
  }

  /// One score for every unit of every group, of the network as the module holds it. Throws `PruningError`; nothing that is
  /// not finite is returned. Layers are joined by the ranking's aggregation, else as is usual for the criterion. What `progress`
  /// throws ends the scoring at the next batch, layer or unit.
  package static func channelScores(
    _ criterion: Criterion, ranking: Ranking = Ranking(), groups: [ChannelGroup], module: GraphModule,
    data: BatchSource?, seed: UInt64, calibration: Calibration = Calibration(), progress: WorkProgress = .unwatched
  ) throws -> GroupScores {
    let context = ScoringContext(
      module: module, data: data, seed: seed, calibration: calibration, progress: progress)
    let importance = implementation(of: criterion, transform: ranking.transform)
    let (branches, channels) = (groups.filter(\.holdsBranches), groups.filter { !$0.holdsBranches })
    let rounds = branches.count + (channels.isEmpty ? 0 : 1)
    var scores = try importance.channelScores(
      of: channels, aggregation: ranking.aggregation, in: context.part(0, of: rounds))
    for (number, group) in branches.enumerated() {
      scores[group.name] = try BranchScores.scores(
        of: group, by: importance, in: context.part(rounds - branches.count + number, of: rounds))
    }
    try check(scores, criterion)
    return scores
  }

  /// One score for every element of the named weights. Throws `PruningError` for criteria that judge channels only.
  package static func elementScores(
    _ criterion: Criterion, weights: [String], module: GraphModule, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration(), progress: WorkProgress = .unwatched
  ) throws -> [String: [Float]] {
    let context = ScoringContext(
      module: module, data: data, seed: seed, calibration: calibration, progress: progress)
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
