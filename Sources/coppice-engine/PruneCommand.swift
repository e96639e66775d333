import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support

struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Prunes a network once and writes the smaller one as ONNX.",
    discussion: """
      Without --data channels are removed and nothing else happens. With --data the statistics of batch normalisation are \
      measured again, the network can be trained (--fine-tune), and its accuracy before and after is printed. --plan makes a \
      network again that a search or this command wrote, with the input scaling and the split that its file names. With the \
      same number of threads on the same kind of processor its weights must be identical, which is checked; elsewhere the same \
      channels stay, and the largest difference of a weight is printed.

      Example: coppice prune base.onnx --sparsity 0.5 --criterion l1 --data fashion-mnist --fine-tune 1 -o small.onnx
      Example: coppice prune base.onnx --plan night/networks/trial-0004-rung-2.onnx --data fashion-mnist -o again.onnx
      """)

  @OptionGroup var network: NetworkOptions
  @OptionGroup(title: "How much to remove") var amount: AmountOptions
  @OptionGroup(title: "What to remove first") var importance: CriterionOptions
  @OptionGroup(title: "Which layers") var layers: LayerOptions
  @OptionGroup(title: "In which steps") var steps: ScheduleOptions
  @OptionGroup(title: "Training afterwards") var recovery: RecoveryOptions
  @OptionGroup(title: "Plans") var recipe: RecipeOptions
  @OptionGroup(title: "Data") var split: SplitOptions
  @OptionGroup(title: "Data") var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp("fashion-mnist, idx:FOLDER (files as MNIST has them) or cifar10:FOLDER.", valueName: "data"))
  var data: String?

  @Flag(help: "Go on even where the network is hardly better than guessing.")
  var allowNearChance = false

  @Option(name: [.short, .long], help: ArgumentHelp("The ONNX file to write.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Also write the smaller network's weights as safetensors; weights with many zeros are stored without the zeros.",
      valueName: "file"
    ))
  var safetensors: String?

  @Option(
    help: ArgumentHelp(
      "Also write the network with its old shapes, the removed channels masked: it computes the same as the smaller network. States have the smaller network's shapes.",
      valueName: "file"))
  var masked: String?

  @Option(
    help: ArgumentHelp(
      "Put batch normalisations back that an exporter folded into convolutions: auto (when the criterion needs them), keep (do not), insert.",
      valueName: "policy"))
  var batchNorm: BatchNormalizationPolicy?

  @Flag(help: "Show how each layer's weights are distributed, before and after.")
  var distribution = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Flag(help: ArgumentHelp("Prints the seconds of each step to standard error.", visibility: .hidden))
  var timings = false

  func validate() throws {
    if recipe.plan != nil {
      let others = amount.given + importance.given + layers.given + steps.given + recovery.given
      guard others.isEmpty else {
        throw ValidationError(
          "--plan holds all of these choices, so it cannot be used with \(others.joined(separator: ", ")).")
      }
    } else {
      guard amount.amount != nil else {
        throw ValidationError("Say how much to remove: --sparsity 0.5, --threshold 0.01, or a plan with --plan.")
      }
      try checkRecipe()
    }
    guard masked == nil || recipe.plan != nil || amount.effectiveGranularity.isStructured else {
      throw ValidationError(
        "--masked goes with granularities that remove channels, heads, units or layers; single weights are set to zero in their place already."
      )
    }
    guard masked == nil || data == nil else {
      throw ValidationError("--masked shows the cut alone, so it cannot be used with --data.")
    }
    guard recovery.rungs(from: nil).isEmpty || data != nil else { throw ValidationError("--fine-tune needs --data.") }
  }

  private func checkRecipe() throws {
    guard importance.effective.judges(amount.effectiveGranularity) else {
      throw ValidationError(
        "--criterion \(importance.effective.rawValue) judges channels, not single weights as --granularity "
          + "\(amount.effectiveGranularity.rawValue) needs; take one of \(Criterion.names(where: \.judgesElements)).")
    }
    if importance.normalization != nil, !amount.effectiveScope.hasOneRanking {
      throw ValidationError("--normalization makes groups comparable in one ranking: --scope global.")
    }
    if steps.redundant, !amount.effectiveGranularity.isStructured {
      throw ValidationError(
        "--redundant removes units, so it cannot be used with --granularity \(amount.effectiveGranularity.rawValue).")
    }
    if let conflict = ownPlan.conflict {
      throw ValidationError(
        "\(conflict.reason.prefix(1).uppercased())\(conflict.reason.dropFirst()). \(conflict.remedy)")
    }
    let needed = steps.plan(epochs: recovery.firstEpochs).longest(with: steps.training)
    let trains = steps.training != nil || (steps.schedule ?? .oneShot) != .oneShot
    guard !trains || recovery.firstEpochs > 0 else {
      throw ValidationError("Training before the last cut needs --fine-tune with the epochs of all of it, and --data.")
    }
    guard needed <= recovery.firstEpochs + 1e-9 else {
      throw ValidationError(
        "The schedule takes \(needed) epochs up to its last cut, more than --fine-tune \(recovery.firstEpochs).")
    }
  }

  func run() throws {
    var outputs = network.outputs(besides: [recipe.plan], data: data)
    let file = try outputs.file(output)
    let arrays = try safetensors.map { try outputs.file($0) }
    let maskedFile = try masked.map { try outputs.file($0) }
    let planFile = try recipe.writePlan.map { try outputs.file($0) }
    try threads.apply()
    let recipeFile = try recipe.plan.map(PlanFile.init)
    let replay = recipeFile?.replay
    let graph = try network.load()
    try layers.check(against: graph)
    try replay?.check(dense: graph, path: network.model)
    let own = try TrainingMetadata(of: graph, named: network.model)
    let stored = own.replaced(by: replay?.training)
    let feeder = (replay?.training.input == nil ? nil : replay?.name) ?? network.model
    let loaded = try data.map { try LoadedData($0, input, split, stored: stored, file: feeder) }
    let notes = try data == nil ? givenNotes(stored, file: feeder) : TrainingMetadata()
    let plan = recipeFile?.plan ?? ownPlan
    let rungs = recovery.rungs(from: replay)
    guard rungs.isEmpty || loaded != nil else {
      throw EvaluationError(
        .badPlan, "The network of --plan was fine-tuned for \(rungs.last ?? 0) epochs, and there are no data.",
        remedy: "Name the study's data with --data, or write --fine-tune 0 for the cut alone.")
    }
    let changes = replay.map { self.changes($0, rungs, loaded) } ?? []
    try replay?.check(loaded?.data, changes: changes)
    let policy = replay.map { $0.recipe.insertsNormalizations ? BatchNormalizationPolicy.insert : .keep } ?? .auto
    let meter = StepMeter("prune \(graph.name)")
    let pruning = try NetworkPruning(
      graph, plan: plan, data: loaded?.data, epochs: rungs.first ?? 0, laterRungs: Array(rungs.dropFirst()),
      // A search that began all the same is no error of the network that is made again.
      allowsNearChance: allowNearChance || replay != nil, batchNormalization: batchNorm ?? policy,
      makesMasked: masked != nil, progress: meter.update)
    meter.finish()
    if timings {
      let steps = pruning.timings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      StandardError.write("timings: \(steps.joined(separator: " "))\n")
    }
    guard masked == nil || pruning.masked != nil else {
      throw EvaluationError(
        .badPlan, "Plans of granularity '\(plan.granularity.rawValue)' have no masked network.",
        remedy: "Leave --masked out.")
    }
    let again = try replay?.outcome(pruning.network, pruning.recipe, changes: changes)
    let written = try notes.laid(over: pruning.network)
    try ONNXFile.write(written, to: file)
    try planFile?.write(plan.canonicalBytes())
    try arrays?.write(SparseTensorFile.encode(written.learnedState, metadata: written.weightsNotes))
    if let masked = pruning.masked, let maskedFile { try ONNXFile.write(notes.laid(over: masked), to: maskedFile) }
    if !plan.removesNothing, pruning.groups.allSatisfy({ $0.kept == $0.all }) {
      ErrorReport.note(
        "note: nothing was removed from '\(graph.name)': the share or the threshold is too small, or accuracy fell too far."
      )
    }
    if let loaded, let dense = pruning.before.accuracy, let pruned = pruning.after.accuracy,
      let doubt = ScalingDoubt(dense: dense, pruned: pruned)
    {
      ErrorReport.warn(doubt.text(loaded.data.input, remedy: "check \(InputOptions.names)"))
    }
    try show(pruning, plan, loaded?.data.input, again)
  }

  /// What of the command line changes how the network of --plan was made, so that its weights cannot come out again.
  private func changes(_ replay: NetworkReplay, _ rungs: [Double], _ loaded: LoadedData?) -> [String] {
    var found: [String] = []
    if recovery.fineTune != nil, rungs != replay.trainedRungs || (loaded == nil && replay.recipe.data != nil) {
      found.append("--fine-tune asks for other steps")
    }
    if let batchNorm, batchNorm == (replay.recipe.insertsNormalizations ? .keep : .insert) {
      found.append("--batch-norm \(batchNorm.rawValue) is given")
    }
    if loaded?.choice.overruled != nil { found.append("another input scaling is forced") }
    return found
  }

  /// What the network carries for later commands where there are no data here on which the options of input and split could act:
  /// these options, and what the file of --plan says.
  private func givenNotes(_ stored: TrainingMetadata, file: String) throws -> TrainingMetadata {
    var notes = stored
    if !input.given.isEmpty {
      let choice = try InputChoice(
        input.given, by: .options, stored: stored.input, file: file, data: DataSource(format: "none"),
        forced: input.forceInput)
      ErrorReport.note(choice.text)
      (notes.input, notes.layout) = (choice.input, TrainingMetadata.givenLayout)
    }
    if split.isGiven { notes.split = split.split(stored: stored.split) }
    return notes
  }

  private var ownPlan: PruningPlan {
    PruningPlan(
      criterion: importance.effective, ranking: importance.ranking, granularity: amount.effectiveGranularity,
      scope: amount.effectiveScope, sparsity: amount.amount ?? .uniform(0), measure: amount.target?.measure ?? .units,
      layers: layers.set, layerShare: amount.layerShare, schedule: steps.plan(epochs: recovery.firstEpochs),
      order: steps.order ?? .allAtOnce,
      sparseTraining: steps.training, removesRedundant: steps.redundant,
      replacement: steps.replacement(amount.effectiveGranularity, importance.effective), roundTo: amount.roundTo ?? 1,
      recovery: recovery.recovery, seed: recovery.seed ?? 0)
  }

  /// What there was of the target's measure before the cut; nil where the groups count something else.
  private func total(_ reached: TargetGap, _ pruning: NetworkPruning) -> Int? {
    switch reached.measure {
    case .macs: return pruning.before.macs
    case .parameters: return pruning.before.parameters
    case .units:
      let (kept, all) = pruning.groups.reduce((0, 0)) { ($0.0 + $1.kept, $0.1 + $1.all) }
      return kept == reached.achieved ? all : nil
    }
  }

  private func show(
    _ pruning: NetworkPruning, _ plan: PruningPlan, _ input: InputNormalization?, _ again: ReplayOutcome?
  ) throws {
    // What the user has, and not what we would write of it.
    var before = pruning.before
    if let bytes = try network.fileBytes() { before.sizeBytes = bytes }
    if json {
      print(
        try PrettyJSON.text(
          of: PruneReport(
            network: output, before: before, after: pruning.after, target: pruning.reached,
            distributions: distribution ? pruning.distributions : nil,
            redundant: pruning.redundant,
            groups: pruning.groups.map { .init(name: $0.name, kept: $0.kept, all: $0.all) }, plan: plan,
            input: input, again: again)))
    } else {
      var groups = TextTable(figures: [plan.granularity.isStructured ? "group" : "weight", "kept", "of"])
      for group in pruning.groups { groups.add([group.name, "\(group.kept)", "\(group.all)"]) }
      print(groups.text)
      if distribution { print(DistributionChange.text(pruning.distributions)) }
      if let redundant = pruning.redundant {
        print(
          "Removed because they do nothing: \(redundant.exact) units on any input, "
            + "\(redundant.onCalibrationData) units on the calibration data\n")
      }
      if let reached = pruning.reached {
        print("\(reached.text(of: total(reached, pruning), granularity: plan.granularity))\n")
      }
      print(FigureTable([("before", before), ("after", pruning.after)]).text, terminator: "")
      if let again, let name = recipe.plan { print(again.text(name)) }
      print("written to \(output)")
    }
  }
}

private struct PruneReport: Encodable {
  struct Group: Encodable {
    var name: String
    var kept: Int
    var all: Int
  }

  var network: String
  var before: NetworkFigures
  var after: NetworkFigures
  var target: TargetGap?
  var distributions: [DistributionChange]?
  var redundant: RedundantCounts?
  var groups: [Group]
  var plan: PruningPlan
  var input: InputNormalization?
  var again: ReplayOutcome?
}

extension BatchNormalizationPolicy: ExpressibleByArgument {}
