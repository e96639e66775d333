import GraphRuntime
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support
import Training

/// Takes the dense network through a plan's whole schedule: training before the first cut, cuts with training in
/// between, and fine-tuning with what is left of the epochs.
///
/// Each stretch of training is a cosine to zero of its own, so that scores and validation see a network at rest;
/// momentum goes on from one to the next, cut with its weights, unless the weights are rewound. After each cut
/// batch-norm statistics are measured anew. The order of samples runs on through all stretches, also through those that
/// are taken back.
package struct ScheduledPruning {
  private let execution: PlanExecution
  private let plan: PruningPlan
  /// Cumulative epochs trained so far.
  private var position = 0.0
  private var end = 0.0
  /// The share of the epochs; what is no training reports that it goes on.
  private var progress = WorkProgress.unwatched
  private var atWork: WorkProgress { progress.part(from: 0, to: 0) }

  package init(_ execution: PlanExecution, plan: PruningPlan) {
    self.execution = execution
    self.plan = plan
  }

  /// The network after `end` epochs, and what was kept of the original. Throws `EvaluationError(.badPlan)` when the
  /// schedule trains longer than that, or needs data that are not there. `progress` gets the share of the epochs that
  /// is done, after each batch of whatever is done.
  package consuming func run(
    to end: Double, clock: inout StepClock, progress: @escaping (Double) throws -> Void
  ) throws -> (module: GraphModule, network: PrunedNetwork) {
    self.end = end
    self.progress = WorkProgress(progress)
    let surgery = try ScheduledCut(execution, plan: plan, clock: &clock, progress: atWork)
    let cuts = surgery.sequence.cuts
    try checkLength(cutCount: cuts.count)
    var state = surgery.start()
    try trainBeforeFirstCut(&state, clock: &clock)
    switch plan.schedule.kind {
    case .oneShot, .iterative, .agp, .fixedRate:
      for (number, cut) in cuts.enumerated() {
        state = try after(cut, of: state, surgery, clock: &clock)
        if number < cuts.count - 1 {
          try train(&state, epochs: plan.schedule.epochsPerStep, clock: &clock)
        }
      }
    case .dynamicRate: try followRate(&state, surgery, clock: &clock)
    case .history: try followHistory(&state, surgery, clock: &clock)
    }
    try train(&state, epochs: end - position, clock: &clock)
    return (try GraphModule(state.graph, device: execution.device), surgery.network(of: state))
  }

  /// Sparse training, at least until the epoch to rewind to; a plan that rewinds without sparse training trains for as
  /// long as a step does.
  private var epochsBeforeFirstCut: Double {
    guard let rewind = plan.schedule.rewind else { return plan.sparseTraining?.epochs ?? 0 }
    return max(rewind, plan.sparseTraining?.epochs ?? plan.schedule.epochsPerStep)
  }

  private func checkLength(cutCount: Int) throws {
    let schedule = plan.schedule
    let stretches = schedule.isFixed ? max(cutCount - 1, 0) : max(schedule.steps, 1)
    let needed = epochsBeforeFirstCut + Double(stretches) * schedule.epochsPerStep
    guard needed.isFinite, epochsBeforeFirstCut >= 0, schedule.epochsPerStep >= 0, needed <= end + 1e-9 else {
      throw EvaluationError(
        .badPlan,
        """
        The schedule '\(schedule.kind.rawValue)' trains \(epochsBeforeFirstCut) epochs before its first cut and \
        \(schedule.epochsPerStep) in each of \(stretches) steps, \(needed) in all; there are \(end).
        """,
        remedy: "Give the first trained rung (or --fine-tune) that many epochs, or the schedule fewer or shorter steps."
      )
    }
  }

  private mutating func trainBeforeFirstCut(
    _ state: inout NetworkState, clock: inout StepClock
  ) throws {
    if plan.schedule.rewind == 0 { state.rewound = state.graph.learnedState }
    guard let training = plan.sparseTraining else {
      try train(
        &state, epochs: epochsBeforeFirstCut, keepingAt: plan.schedule.rewind, clock: &clock)
      return
    }
    let layers = LayerAdmission(plan.layers, graph: execution.dense)
    let groups = try execution.analysis(plan.granularity).groups.compactMap { $0.admitted(by: layers) }
    var targets = PenaltyTargets(
      groups: groups, kernels: execution.dense.prunableWeights(including: layers.contains).map(\.weight))
    if training.penalty == .growing {
      var atOnce = plan
      (atOnce.schedule, atOnce.sparseTraining) = (.oneShot, nil)
      let progress = progress
      let cut = try execution.cut(atOnce, clock: &clock) { _, _ in try progress.report() }
      targets.doomed =
        plan.granularity.isStructured
        ? try PenaltyTargets.doomed(groups: groups, kept: cut.keptUnits, in: execution.denseModule())
        : PenaltyTargets.doomed(masks: cut.masks, of: execution.dense)
    }
    let peak = plan.recovery.learningRate
    try train(
      &state, epochs: epochsBeforeFirstCut, keepingAt: plan.schedule.rewind,
      penalty: { try training.penalty(in: $0, targets: targets, learningRate: peak) }, clock: &clock)
  }

  /// Cuts, rewinds where the plan does, and measures batch-norm statistics anew.
  private func after(
    _ cut: Cut, of state: NetworkState, _ surgery: ScheduledCut, clock: inout StepClock
  ) throws -> NetworkState {
    var result = try surgery.cut(state, cut, clock: &clock, progress: atWork)
    if !result.rewound.isEmpty {
      for (name, values) in result.rewound where result.graph.weights[name]?.shape == values.shape {
        result.graph.weights[name] = values.masked(by: result.masks[name])
      }
      result.velocities = [:]
    }
    let module = try GraphModule(result.graph, device: execution.device)
    try execution.recalibrate(module, plan: plan, clock: &clock, progress: atWork)
    result.graph = try module.exportedGraph()
    return result
  }

  /// One stretch; with `keepingAt` the weights at that cumulative epoch are what later cuts go back to.
  private mutating func train(
    _ state: inout NetworkState, epochs: Double, keepingAt rewind: Double? = nil,
    penalty: ((GraphModule) throws -> any WeightPenalty)? = nil, clock: inout StepClock
  ) throws {
    guard epochs > 1e-9 else { return }
    guard let data = execution.data else {
      throw EvaluationError(.badPlan, "The plan trains, and that needs data.", remedy: "Name a dataset with --data.")
    }
    let module = try GraphModule(state.graph, device: execution.device)
    try progress.report()
    let holding = state.masks.filter { $0.value.contains(false) }
    let optimizer = try MomentumSGD(
      module, momentum: plan.recovery.momentum, weightDecay: plan.recovery.weightDecay,
      masks: PruningStep.tensors(of: holding, for: module), velocities: state.velocities)
    let start = position
    var rewound = state.rewound
    _ = try clock.measure(.fineTune) {
      try FineTuning.run(
        module, on: data.batches(.training), recovery: plan.recovery, epochs: epochs, from: start,
        seed: execution.seed(plan, .fineTune), optimizer: optimizer, penalty: try penalty?(module)
      ) { share, _ in
        let done = start + share * epochs
        if let rewind, rewound.isEmpty, done >= rewind - 1e-9 { rewound = try module.exportedGraph().learnedState }
        try self.progress.report(end > 0 ? done / end : 1)
      }
    }
    state.rewound = rewound
    state.graph = try Checkpoint.capture(module)
    state.velocities = try optimizer.velocitiesByName()
    state.isDense = false
    position += epochs
  }

  private mutating func followRate(
    _ state: inout NetworkState, _ surgery: ScheduledCut, clock: inout StepClock
  ) throws {
    let limit = plan.sparsity.limit
    let dense = try validate(execution.denseModule(), clock: &clock)
    var rule = DynamicRate(plan.schedule, target: limit, baseline: dense.accuracy)
    var (before, level) = (state, 0.0)
    var decision = rule.start()
    while case .cut(let share) = decision {
      before = state
      let next = share / limit
      try advance(&state, from: level, to: next, surgery, clock: &clock)
      level = next
      let module = try GraphModule(state.graph, device: execution.device)
      decision = rule.decide(accuracy: try validate(module, clock: &clock).accuracy)
    }
    if decision == .takeBack { state = before }
  }

  private mutating func followHistory(
    _ state: inout NetworkState, _ surgery: ScheduledCut, clock: inout StepClock
  ) throws {
    let dense = try validate(execution.denseModule(), clock: &clock)
    var history = ThresholdHistory(plan.schedule, limit: 1, dense: dense)
    var level = 0.0
    while let next = history.next() {
      var candidate = state
      try advance(&candidate, from: level, to: next, surgery, clock: &clock)
      let module = try GraphModule(candidate.graph, device: execution.device)
      let (accuracy, loss) = try validate(module, clock: &clock)
      let record = ThresholdHistory.Record(threshold: next, accuracy: accuracy, loss: loss)
      history.add(record)
      if history.isWithinTolerance(record) { (state, level) = (candidate, next) }
    }
  }

  private mutating func advance(
    _ state: inout NetworkState, from level: Double, to next: Double, _ surgery: ScheduledCut,
    clock: inout StepClock
  ) throws {
    if let cut = surgery.sequence.cut(from: level, to: next) {
      state = try after(cut, of: state, surgery, clock: &clock)
    }
    try train(&state, epochs: plan.schedule.epochsPerStep, clock: &clock)
  }

  /// On the validation samples: the sealed ones are never looked at here.
  private func validate(_ module: GraphModule, clock: inout StepClock) throws -> (accuracy: Double, loss: Double) {
    guard let data = execution.data else {
      throw EvaluationError(
        .badPlan, "The schedule '\(plan.schedule.kind.rawValue)' looks at the validation score, and that needs data.",
        remedy: "Name a dataset with --data, or take another schedule.")
    }
    let (accuracy, loss) = try clock.measure(.evaluate) {
      try AccuracyMeasurement.run(module, on: data.batches(.validation)) { _ in try progress.report() }
    }
    return (accuracy.share, loss)
  }
}

extension TensorData {
  fileprivate func masked(by mask: [Bool]?) -> TensorData {
    guard let mask, mask.count == elementCount else { return self }
    return TensorData(shape: shape, floats: zip(floats, mask).map { value, stays in stays ? value : 0 })
  }
}
