import ArtifactStore
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import Profiling
import StudyModel
import Support
import Tensors
import Training

/// Runs a study's evaluations, one after another, with the data, the split and the dense network resident.
///
/// The only place that knows the order of steps. An assignment's result is the same bit for bit wherever and however
/// often it runs (with equal thread counts on one kind of processor); only latencies and timings differ.
package struct EvaluationRunner {
  package let context: StudyContext
  let artifacts: ArtifactStore
  private let measured: MeasuredNetworks
  let data: StudyData
  let execution: PlanExecution

  /// Loads everything once: seconds for large data. Throws when the network or the data cannot be used for this study, or what
  /// `progress` throws.
  package init(
    context: StudyContext, threads: Int, device: Device = .cpu, progress: WorkProgress = .unwatched
  ) throws {
    try TorchRuntime.setThreadCount(threads)
    self.context = context
    artifacts = try ArtifactStore(existing: URL(fileURLWithPath: context.artifactFolder))
    measured = try MeasuredNetworks(artifacts: artifacts, folder: artifacts.folder)
    data = try StudyData(
      source: context.spec.data, split: context.spec.split, input: context.spec.input, device: device,
      progress: progress.part(from: 0, to: 0.5))
    var dense = try data.checked(ONNXFile.decode(artifacts.read(context.network), externalDataFolder: nil))
    let spec = context.spec
    if DenseNetwork.needsNormalizations(
      dense, policy: spec.network.batchNormalization, criteria: spec.criteria)
    {
      dense = try DenseNetwork.insertingNormalizations(
        dense, data: data, seed: spec.seed, progress: progress.part(from: 0.5, to: 1))
    }
    let cache = try ScoreCache(artifacts: artifacts, folder: artifacts.folder)
    execution = try PlanExecution(
      dense: dense, denseDigest: context.network, data: data, cache: cache, device: device,
      scoreBytes: min(PlanExecution.usualScoreBytes, spec.memoryLimit.map { $0 / 8 } ?? .max))
    execution.sensitivityCache = try SensitivityCache(folder: artifacts.folder)
  }

  /// Runs all steps of an assignment. Throws what a step throws, or what `progress` throws.
  package mutating func run(
    _ assignment: Assignment, progress: @escaping EvaluationProgress = { _, _ in }
  ) throws -> EvaluationResult {
    var clock = StepClock()
    var result =
      switch assignment.key.purpose {
      case .baseline: try runBaseline(clock: &clock, progress: progress)
      case .trial: try runTrial(assignment, clock: &clock, progress: progress)
      case .scan: try runScan(assignment, clock: &clock, progress: progress)
      case .sealedTest: try runSealedTest(assignment, clock: &clock, progress: progress)
      }
    (result.engine, result.threads) = (EngineIdentity.current.digest, TorchRuntime.threadCount)
    return result
  }

  /// The dense network by the steps of a trial, but for those that change it.
  private func runBaseline(
    clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws -> EvaluationResult {
    let module = try execution.denseModule()
    let (accuracy, loss) = try evaluate(module, on: .validation, clock: &clock, progress: progress)
    let latency = try latency(clock: &clock, progress: progress) { spec, seed, progress in
      try LatencyProfiler.measure(exported(execution.dense, module), spec: spec, seed: seed, progress: progress)
    }
    return try export(
      data.notes.laid(over: execution.dense), accuracy: accuracy, loss: loss, latency: latency, counts: [:],
      clock: clock, progress: progress)
  }

  private func runTrial(
    _ assignment: Assignment, clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws -> EvaluationResult {
    let parent = try parentNetwork(assignment, clock: &clock, progress: progress)
    let made = try makeModule(for: assignment, parent: parent?.graph, clock: &clock, progress: progress)
    let (module, metadata) = (made.module, made.metadata)
    var claim: MeasuredNetworks.Claim?
    if parent == nil {
      if let network = made.network {
        let waiting = WorkProgress { _ in try progress(.recalibrate, 0) }
        switch try measured.find(key(of: network), for: metadata.trial, progress: waiting) {
        case .twin(let twin):
          return try copied(twin, network: network, metadata: metadata, clock: clock, progress: progress)
        case .claim(let own): claim = own
        }
      }
      try recalibrate(made, clock: &clock, progress: progress)
    }
    let (accuracy, loss) = try evaluate(module, on: .validation, clock: &clock, progress: progress)
    let network = try noted(
      Checkpoint.capture(module, after: assignment.toEpochs > 0 ? .training : .cut), metadata)
    let latency = try latency(clock: &clock, progress: progress) { spec, seed, progress in
      try LatencyProfiler.measure(
        dense: exported(execution.dense, execution.denseModule()), pruned: exported(network, module), spec: spec,
        seed: seed, progress: progress)
    }
    var result = try export(
      network, accuracy: accuracy, loss: loss, latency: latency, counts: metadata.counts, clock: clock,
      progress: progress)
    result.network = made.network
    // A full disk must not cost a finished evaluation.
    try? claim?.store(result, of: metadata.trial)
    return result
  }

  /// What a trial's rung makes of its parent's network, or at the first rung of the dense one, before anything is
  /// measured; a first cut is not recalibrated yet.
  func makeModule(
    for assignment: Assignment, parent: Graph?, clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws -> MadeModule {
    let plan = assignment.plan
    var metadata: CheckpointMetadata
    var network: Digest?
    let module: GraphModule
    if let start = parent {
      metadata = try parentMetadata(of: start, assignment)
      if !metadata.makers.contains(.current) { metadata.makers.append(.current) }
      try progress(.fineTune, 0)
      if plan.trainsBeforeLastCut, assignment.fromEpochs == 0 {
        // The parent showed what one cut would do; the schedule itself starts from the dense network.
        let pruned: PrunedNetwork
        (module, pruned) = try ScheduledPruning(execution, plan: plan).run(to: assignment.toEpochs, clock: &clock) {
          try progress(.fineTune, $0)
        }
        (metadata.kept, metadata.counts) = (try pruned.keptDigest, pruned.counts)
        metadata.makers = [.current]
      } else {
        module = try GraphModule(start, device: execution.device)
        try execution.fineTune(
          module, plan: plan, from: assignment.fromEpochs, to: assignment.toEpochs, clock: &clock
        ) { try progress(.fineTune, $0) }
      }
    } else {
      guard assignment.toEpochs == 0 else {
        throw EvaluationError(
          .badPlan, "Rung \(assignment.key.rung) starts from no checkpoint but ends at epoch \(assignment.toEpochs).",
          remedy: "The first rung must be 0 epochs.")
      }
      try progress(.score, 0)
      let pruned = try execution.cut(plan, clock: &clock, progress: progress)
      metadata = CheckpointMetadata(
        study: context.spec.study, trial: assignment.key.trial, rung: 0, epochs: 0,
        recipe: NetworkRecipe(
          plan: plan, rungs: [0], insertsNormalizations: false, dense: context.network, kept: try pruned.keptDigest,
          data: data.digest, makers: [.current]),
        counts: pruned.counts)
      network = try NetworkIdentity.digest(of: pruned.graph, cutBy: plan)
      module = try GraphModule(pruned.graph, device: execution.device)
    }
    metadata.rung = assignment.key.rung
    metadata.epochs = assignment.toEpochs
    metadata.rungs = Array(context.spec.fineTune.rungs.prefix(assignment.key.rung + 1))
    metadata.insertsNormalizations = !execution.dense.insertedBatchNormalizations.isEmpty
    return MadeModule(module: module, metadata: metadata, network: network)
  }

  /// Measures batch-norm statistics anew after a first cut; later rungs train, which does that.
  func recalibrate(
    _ made: MadeModule, clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws {
    try progress(.recalibrate, 0)
    try execution.recalibrate(
      made.module, plan: made.metadata.plan, clock: &clock, progress: WorkProgress { try progress(.recalibrate, $0) })
  }

  /// What a rung made, before it is measured.
  struct MadeModule {
    let module: GraphModule
    let metadata: CheckpointMetadata
    /// Names the network that the cut left; nil after rung 0 and where the plan itself is the only name.
    let network: Digest?
  }

  private func key(of network: Digest) -> MeasurementKey {
    MeasurementKey(
      network: network, data: data.digest, latency: context.spec.measuresLatency ? context.spec.latency : nil,
      engine: EngineIdentity.current.digest, threads: TorchRuntime.threadCount)
  }

  /// What measuring would have brought, with the twin's figures: the file is this trial's own, for its metadata are.
  private func copied(
    _ twin: MeasuredNetworks.Twin, network: Digest, metadata: CheckpointMetadata, clock: StepClock,
    progress: EvaluationProgress
  ) throws -> EvaluationResult {
    var metadata = metadata
    // Its statistics are the other one's work.
    if let makers = CheckpointMetadata(of: twin.network)?.makers { metadata.makers = makers }
    var result = try export(
      noted(twin.network, metadata), accuracy: twin.measures.accuracy, loss: twin.measures.loss,
      latency: twin.measures.latency, counts: metadata.counts, clock: clock, progress: progress)
    (result.network, result.copyOf) = (network, twin.trial)
    return result
  }

  /// A trial's network as it is stored: with how it was made and how it is to be fed.
  func noted(_ network: Graph, _ metadata: CheckpointMetadata) throws -> Graph {
    try metadata.laid(over: data.notes.laid(over: network))
  }

  private func runSealedTest(
    _ assignment: Assignment, clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws -> EvaluationResult {
    let network: Graph
    let module: GraphModule
    let parent = try parentNetwork(assignment, clock: &clock, progress: progress)
    if let parent {
      network = parent.graph
      module = try GraphModule(network, device: execution.device)
    } else {
      network = execution.dense
      module = try execution.denseModule()
    }
    let (accuracy, loss) = try evaluate(module, on: .sealed, clock: &clock, progress: progress)
    let figures = try NetworkFigures(of: network.foldingInsertedBatchNormalizations())
    return EvaluationResult(
      measures: measures(figures, accuracy, loss, latency: nil),
      // What had to be made again is delivered from here.
      checkpoint: try parent?.remade.map { try artifacts.put($0) }, timings: clock.seconds)
  }

  private func evaluate(
    _ module: GraphModule, on part: StudyData.Part, clock: inout StepClock, progress: EvaluationProgress
  ) throws -> (Proportion, Double) {
    try progress(.evaluate, 0)
    let source = try data.batches(part)
    return try clock.measure(.evaluate) {
      let (accuracy, loss) = try AccuracyMeasurement.run(module, on: source) { try progress(.evaluate, $0) }
      guard loss.isFinite else {
        throw EvaluationError(
          .diverged, "The network's loss on the \(part.rawValue) samples is \(loss).",
          remedy: "Its outputs overflow: prune less or lower the learning rate.")
      }
      return (accuracy, loss)
    }
  }

  /// Nil when the study asks for no latency.
  private func latency(
    clock: inout StepClock, progress: @escaping EvaluationProgress,
    measure: (LatencySpec, UInt64, WorkProgress) throws -> Latency
  ) throws -> Latency? {
    guard context.spec.measuresLatency else { return nil }
    let profiling = WorkProgress { try progress(.latency, $0) }
    try profiling.report()
    return try clock.measure(.latency) {
      try measure(context.spec.latency, SeededGenerator.derivedSeed(context.spec.seed, stream: "latency"), profiling)
    }
  }

  /// The module to measure: what is delivered has no inserted normalisations.
  private func exported(_ network: Graph, _ module: GraphModule) throws -> GraphModule {
    guard !network.insertedBatchNormalizations.isEmpty else { return module }
    return try GraphModule(network.foldingInsertedBatchNormalizations(), device: execution.device)
  }

  private func export(
    _ network: Graph, accuracy: Proportion, loss: Double, latency: Latency?, counts: [String: [Int]],
    clock: StepClock, progress: EvaluationProgress
  ) throws -> EvaluationResult {
    var clock = clock
    try progress(.export, 0)
    let (digest, figures) = try clock.measure(.export) {
      let bytes = try ONNXFile.encode(network)
      try progress(.export, 0.3)
      // The checkpoint is continued from, so it keeps what was inserted; the figures are those of what is delivered.
      let delivered = network.foldingInsertedBatchNormalizations()
      let digest = try artifacts.put(bytes)
      try progress(.export, 0.6)
      return (digest, try NetworkFigures(of: delivered))
    }
    return EvaluationResult(
      measures: measures(figures, accuracy, loss, latency: latency), checkpoint: digest, timings: clock.seconds,
      keptUnits: counts)
  }

  func measures(
    _ figures: NetworkFigures, _ accuracy: Proportion, _ loss: Double, latency: Latency?
  ) -> Measures {
    Measures(
      accuracy: accuracy, loss: loss, parameters: figures.parameters, nonzeroParameters: figures.nonzeroParameters,
      macs: figures.macs, sizeBytes: figures.sizeBytes, latency: latency)
  }

  /// Continuing from another plan's network, or from another epoch than the assignment says, would make a record that
  /// its plan cannot make again.
  private func parentMetadata(of network: Graph, _ assignment: Assignment) throws -> CheckpointMetadata {
    guard let metadata = CheckpointMetadata(of: network) else {
      throw EvaluationError(
        .badCheckpoint, "The parent checkpoint of trial \(assignment.key.trial) is not one that a trial wrote.")
    }
    guard metadata.plan == assignment.plan, metadata.dense == context.network,
      metadata.epochs == assignment.fromEpochs
    else {
      throw EvaluationError(
        .badCheckpoint,
        """
        The parent checkpoint of trial \(assignment.key.trial) is of trial \(metadata.trial) at epoch \
        \(metadata.epochs), cut from \(metadata.dense.short); it should be of the same plan at epoch \
        \(assignment.fromEpochs), cut from \(context.network.short).
        """)
    }
    return metadata
  }
}
