import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support

/// Makes the cuts of one plan, each on the network as the cuts and training before it have left it.
///
/// Every share is of the original network. The network is scored and cut by an analysis of its own at each step; what
/// was kept is told in the original's units, and everything that goes with the weights (momentum, values to rewind to)
/// is gathered through the same analysis.
struct ScheduledCut {
  let execution: PlanExecution
  let plan: PruningPlan
  let sequence: CutSequence
  /// What takes its turn, in the network's order: groups of units, or layers with single weights.
  let items: [CutOrder.Item]
  /// Depths and positions are those of the original network.
  private let layers: LayerAdmission
  private let unitCounts: [String: Int]

  /// Throws `EvaluationError(.badPlan)` for shares that are none, or of groups that do not exist, and what `PlanExecution.check`
  /// throws. Measures the groups' sensitivity where the plan's order needs it and nobody has.
  init(_ execution: PlanExecution, plan: PruningPlan, clock: inout StepClock, progress: WorkProgress) throws {
    try execution.check(plan)
    self.execution = execution
    self.plan = plan
    layers = LayerAdmission(plan.layers, graph: execution.dense)
    let groups = plan.granularity.isStructured ? try execution.analysis(plan.granularity).groups : []
    unitCounts = Dictionary(uniqueKeysWithValues: groups.map { ($0.name, $0.units.count) })
    items = try Self.items(of: plan, execution, layers)
    try Self.check(
      plan, known: plan.granularity.isStructured ? groups.map(\.name) : items.map(\.name))
    var costs: [String: Double] = [:]
    if plan.order == .leastSensitive {
      costs = try execution.sensitivity(for: plan, clock: &clock, progress: progress).costs(at: plan.sparsity.limit)
    }
    sequence = CutSequence(
      plan, ordered: try CutOrder.names(plan.order, of: items, in: execution.dense, costs: costs))
  }

  private static func items(
    of plan: PruningPlan, _ execution: PlanExecution, _ layers: LayerAdmission
  ) throws -> [CutOrder.Item] {
    switch plan.granularity {
    case .channel, .head, .unit, .layer:
      return try execution.analysis(plan.granularity).groups
        .filter { $0.pinned == nil && $0.admitted(by: layers) != nil }
        .map { CutOrder.Item(name: $0.name, layers: $0.layers) }
    case .element, .nOfM, .block:
      var seen = Set<String>()
      return execution.dense.prunableWeights(including: layers.contains).map(\.layer)
        .filter { seen.insert($0).inserted }.map { CutOrder.Item(name: $0, layers: [$0]) }
    }
  }

  /// The dense network, whole.
  func start() -> NetworkState {
    var state = NetworkState(graph: execution.dense)
    if plan.granularity.isStructured {
      state.kept = unitCounts.mapValues { Array(0..<$0) }
    } else {
      for weight in execution.dense.prunableWeights(including: layers.contains) {
        state.masks[weight.weight] = Array(repeating: true, count: weight.count)
      }
    }
    return state
  }

  /// The state after one more cut; momentum and the values to rewind to are cut with it. What an earlier cut took stays
  /// gone.
  func cut(
    _ state: NetworkState, _ cut: Cut, clock: inout StepClock, progress: WorkProgress
  ) throws -> NetworkState {
    switch plan.granularity {
    case .channel, .head, .unit, .layer: try cutUnits(state, cut, clock: &clock, progress)
    case .element, .nOfM, .block: try maskWeights(state, cut, clock: &clock, progress)
    }
  }

  /// The result, told in the original's units.
  func network(of state: NetworkState) -> PrunedNetwork {
    plan.granularity.isStructured
      ? PrunedNetwork(graph: state.graph, keptUnits: state.kept, unitCounts: unitCounts)
      : PrunedNetwork(graph: state.graph, masks: state.masks)
  }

  private func scores(
    _ state: NetworkState, module: GraphModule, groups: [ChannelGroup], clock: inout StepClock,
    _ progress: WorkProgress
  ) throws -> [String: [Float]] {
    try clock.measure(.score) {
      if state.isDense { return try execution.scores(for: plan, progress: progress) }
      return try execution.computeScores(plan, module: module, groups: groups, progress: progress)
    }
  }

  private func module(of state: NetworkState) throws -> GraphModule {
    state.isDense ? try execution.denseModule() : try GraphModule(state.graph, device: execution.device)
  }

  private func cutUnits(
    _ state: NetworkState, _ cut: Cut, clock: inout StepClock, _ progress: WorkProgress
  ) throws -> NetworkState {
    let analysis =
      state.isDense
      ? try execution.analysis(plan.granularity) : try StructuralAnalysis(state.graph, granularity: plan.granularity)
    for group in analysis.groups where state.kept[group.name]?.count != group.units.count {
      throw EvaluationError(
        .badPlan,
        """
        After a cut the group '\(group.name)' has \(group.units.count) units where \
        \(state.kept[group.name]?.count ?? 0) were kept.
        """,
        remedy: "Cut this network in one step, and report it.")
    }
    let module = try module(of: state)
    let scores = try scores(
      state, module: module, groups: analysis.groups, clock: &clock, progress.part(from: 0, to: 0.7))
    let pruning = progress.part(from: 0.7, to: 1)
    return try clock.measure(.prune) {
      let taking = analysis.groups.filter {
        $0.pinned == nil && $0.admitted(by: layers) != nil && cut.groups?.contains($0.name) ?? true
      }
      var step = plan
      let remaining = RemainingSparsity(
        cut.sparsity, scope: plan.scope,
        items: try wholeNetwork(state.graph).map { [$0] }
          ?? taking.map { group in
            RemainingSparsity.Item(
              name: group.name, original: unitCounts[group.name] ?? group.units.count, present: group.units.count)
          })
      (step.scope, step.sparsity) = (remaining.scope, remaining.sparsity)
      let outcome = try PruningStep.cut(
        step, state.graph, analysis: analysis, scores: scores, only: Set(taking.map(\.name)),
        redundancy: execution.redundancy(step, of: module, analysis: analysis, progress: pruning),
        compensation: execution.compensation(step, of: module, progress: pruning),
        // Weights that go back to what they had take no means along.
        replacement: state.rewound.isEmpty
          ? execution.replacement(step, of: module, analysis: analysis, progress: pruning) : nil, progress: pruning)
      var result = state
      result.graph = outcome.graph
      for (name, kept) in outcome.keptUnits {
        result.kept[name] = kept.compactMap { state.kept[name]?[$0] }
      }
      func gathered(_ values: [String: TensorData]) throws -> [String: TensorData] {
        try analysis.compacted(weights: values, keeping: outcome.keptUnits)
          .filter { outcome.graph.weights[$0.key] != nil }
      }
      result.velocities = try gathered(state.velocities)
      result.rewound = try gathered(state.rewound)
      result.isDense = false
      return result
    }
  }

  /// Nil unless the sparsity is a share of the whole network's parameters or operations.
  private func wholeNetwork(_ present: Graph) throws -> RemainingSparsity.Item? {
    guard plan.scope == .global else { return nil }
    switch plan.measure {
    case .units: return nil
    case .parameters:
      return RemainingSparsity.Item(
        name: "", original: execution.dense.parameterCount, present: present.parameterCount)
    case .macs:
      return RemainingSparsity.Item(
        name: "", original: try execution.dense.multiplyAccumulates(), present: try present.multiplyAccumulates())
    }
  }

  private func maskWeights(
    _ state: NetworkState, _ cut: Cut, clock: inout StepClock, _ progress: WorkProgress
  ) throws -> NetworkState {
    let module = try module(of: state)
    let scores = try scores(state, module: module, groups: [], clock: &clock, progress.part(from: 0, to: 0.7))
    return try clock.measure(.prune) {
      let weights = state.graph.prunableWeights(including: layers.contains).filter {
        cut.groups?.contains($0.layer) ?? true
      }
      let selection = MaskSelection(plan: plan, weights: weights, scores: scores, present: state.masks)
      let masks = try selection.masks(cut.sparsity)
      var result = state
      let compensation = try execution.compensation(plan, of: module, progress: progress.part(from: 0.7, to: 1))
      result.graph = try compensation?.updated(state.graph, masks: masks) ?? state.graph
      for weight in weights {
        guard let mask = masks[weight.weight], let tensor = result.graph.weights[weight.weight] else { continue }
        result.masks[weight.weight] = mask
        result.graph.weights[weight.weight] = TensorData(
          shape: tensor.shape, floats: zip(tensor.floats, mask).map { value, stays in stays ? value : 0 })
      }
      result.isDense = false
      return result
    }
  }

  private static func check(_ plan: PruningPlan, known: [String]) throws {
    switch plan.sparsity {
    case .threshold: return
    case .uniform(let share): try check(share, of: "the plan")
    case .perGroup(let shares):
      for (name, share) in shares.sorted(by: { $0.key < $1.key }) {
        guard known.contains(name) else {
          throw EvaluationError(
            .badPlan, "The plan gives a sparsity for '\(name)', which is nothing that can be pruned.",
            remedy: "These can be: \(known.joined(separator: ", ")).")
        }
        try check(share, of: "'\(name)'")
      }
    }
  }

  private static func check(_ share: Double, of name: String) throws {
    guard share >= 0, share < 1 else {
      throw EvaluationError(
        .badPlan, "The sparsity of \(name) is \(share).", remedy: "Give a share from 0 to below 1.")
    }
  }
}
