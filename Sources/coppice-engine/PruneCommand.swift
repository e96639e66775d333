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
      Without data the network is only cut. With data its batch normalisation is measured anew, it can be fine-tuned, and \
      its accuracy before and after is printed. --plan makes a network of a search again, bit for bit under the same number \
      of threads on the same kind of processor.

      Example: coppice prune base.onnx --sparsity 0.5 --criterion l1 --data fashion-mnist --fine-tune 1 -o small.onnx
      Example: coppice prune base.onnx --plan night/networks/trial-0004-rung-2.onnx --data fashion-mnist -o again.onnx
      """)

  @OptionGroup var network: NetworkOptions
  @OptionGroup(title: "How much leaves") var amount: AmountOptions
  @OptionGroup(title: "What leaves first") var importance: CriterionOptions
  @OptionGroup(title: "From which layers") var layers: LayerOptions
  @OptionGroup(title: "In which steps") var steps: ScheduleOptions
  @OptionGroup(title: "Recovery") var recovery: RecoveryOptions
  @OptionGroup(title: "Recipes") var recipe: RecipeOptions
  @OptionGroup(title: "Data") var split: SplitOptions
  @OptionGroup(title: "Data") var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(help: ArgumentHelp("fashion-mnist, idx:DIR or cifar10:DIR.", valueName: "data"))
  var data: String?

  @Flag(help: "Prunes a network that hardly beats guessing, too.")
  var allowNearChance = false

  @Option(name: [.short, .long], help: ArgumentHelp("The ONNX file to write.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Writes the smaller network's weights as safetensors, too; those with many zeros without them.", valueName: "file"
    ))
  var safetensors: String?

  @Option(
    help: ArgumentHelp(
      "Writes the network in its old shapes as well, the removed channels masked: it computes the same as the smaller one.",
      valueName: "file"))
  var masked: String?

  @Option(
    help: ArgumentHelp(
      "Inserts batch normalisations that an exporter folded: auto (where the criterion needs them), keep, insert.",
      valueName: "policy"))
  var batchNorm: BatchNormalizationPolicy?

  @Flag(help: "Shows how each layer's weights are distributed before and after.")
  var distribution = false

  @Flag(help: "Prints the result as JSON.")
  var json = false

  @Flag(help: ArgumentHelp("Prints the seconds of each step to standard error.", visibility: .hidden))
  var timings = false

  func validate() throws {
    if recipe.plan != nil {
      let others = amount.given + importance.given + layers.given + steps.given + recovery.given
      guard others.isEmpty else {
        throw ValidationError("--plan holds the whole recipe, so it goes without \(others.joined(separator: ", ")).")
      }
    } else {
      guard amount.amount != nil else {
        throw ValidationError("Say how much leaves: --sparsity 0.5, --threshold, or a recipe with --plan.")
      }
      try checkRecipe()
    }
    guard masked == nil || recipe.plan != nil || amount.effectiveGranularity.isStructured else {
      throw ValidationError("--masked is for what leaves; pruned weights are zeros in their place already.")
    }
    guard masked == nil || data == nil else {
      throw ValidationError("--masked compares the cut alone, so it goes without --data.")
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
        "--redundant removes units, so it does not go with --granularity \(amount.effectiveGranularity.rawValue).")
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
    let file = try OutputFile(output)
    let arrays = try safetensors.map(OutputFile.init)
    let maskedFile = try masked.map(OutputFile.init)
    let planFile = try recipe.writePlan.map(OutputFile.init)
    try threads.apply()
    let written = try recipe.plan.map(PlanFile.init)
    let graph = try network.load()
    try layers.check(against: graph)
    if let checkpoint = written?.checkpoint { try check(checkpoint, against: graph) }
    let stored = TrainingMetadata(of: graph)
    let loaded = try data.map { text in
      let source = try DataSource.parse(text)
      return try StudyData(
        source: source, split: split.split(stored: stored.split),
        input: input.normalization(for: source, stored: stored.input))
    }
    let plan = written?.plan ?? ownPlan
    let rungs = recovery.rungs(from: written?.checkpoint)
    guard rungs.isEmpty || loaded != nil else {
      throw EvaluationError(
        .badPlan, "The network of --plan was fine-tuned for \(rungs.last ?? 0) epochs, and there are no data.",
        remedy: "Name the study's data with --data, or write --fine-tune 0 for the cut alone.")
    }
    let inserts = written?.checkpoint?.insertsNormalizations == true
    let meter = StepMeter("prune \(graph.name)")
    let pruning = try NetworkPruning(
      graph, plan: plan, data: loaded, epochs: rungs.first ?? 0, laterRungs: Array(rungs.dropFirst()),
      allowsNearChance: allowNearChance, batchNormalization: batchNorm ?? (inserts ? .insert : .auto),
      makesMasked: masked != nil, progress: meter.update)
    meter.finish()
    if timings {
      let steps = pruning.timings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      FileHandle.standardError.write(Data("timings: \(steps.joined(separator: " "))\n".utf8))
    }
    guard masked == nil || pruning.masked != nil else {
      throw EvaluationError(
        .badPlan, "Plans of granularity '\(plan.granularity.rawValue)' have no masked network.",
        remedy: "Leave --masked out.")
    }
    try ONNXFile.write(pruning.network, to: file.url)
    try planFile?.write(plan.canonicalBytes())
    try arrays?.write(SparseTensorFile.encode(pruning.network.learnedState, metadata: ["format": "pt"]))
    if let masked = pruning.masked, let maskedFile { try ONNXFile.write(masked, to: maskedFile.url) }
    if !plan.removesNothing, pruning.groups.allSatisfy({ $0.kept == $0.all }) {
      ErrorReport.note("note: nothing left '\(graph.name)': the plan's share, threshold or tolerance lets nothing go.")
    }
    try show(pruning, plan)
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

  /// Another dense network would be cut without complaint, and come out as something else.
  private func check(_ checkpoint: CheckpointMetadata, against graph: Graph) throws {
    let digest = Digest(of: try ONNXFile.encode(graph))
    guard digest == checkpoint.dense else {
      throw EvaluationError(
        .badPlan,
        "The network of --plan was cut from \(checkpoint.dense.short), and '\(network.model)' is \(digest.short).",
        remedy:
          "Name the dense network of study '\(checkpoint.study)', or give the plan as JSON to cut another one by it.")
    }
  }

  private func show(_ pruning: NetworkPruning, _ plan: PruningPlan) throws {
    if json {
      print(
        try PrettyJSON.text(
          of: PruneReport(
            network: output, before: pruning.before, after: pruning.after, target: pruning.reached,
            distributions: distribution ? pruning.distributions : nil,
            redundant: pruning.redundant,
            groups: pruning.groups.map { .init(name: $0.name, kept: $0.kept, all: $0.all) }, plan: plan)))
    } else {
      var groups = TextTable(figures: [plan.granularity.isStructured ? "group" : "weight", "kept", "of"])
      for group in pruning.groups { groups.add([group.name, "\(group.kept)", "\(group.all)"]) }
      print(groups.text)
      if distribution { print(DistributionChange.text(pruning.distributions)) }
      if let redundant = pruning.redundant {
        print(
          "did nothing and left: \(redundant.exact) units on any input, by their weights; "
            + "\(redundant.onCalibrationData) on the calibration data\n")
      }
      if let reached = pruning.reached { print("\(reached.text)\n") }
      print(FigureTable([("before", pruning.before), ("after", pruning.after)]).text, terminator: "")
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
}

extension BatchNormalizationPolicy: ExpressibleByArgument {}
