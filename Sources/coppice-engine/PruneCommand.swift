import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support

struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Prunes a network once and writes the smaller one as ONNX.",
    discussion: """
      Without data the network is only cut. With data its batch normalisation is measured anew, it can be fine-tuned, and \
      its accuracy before and after is printed.

      Example: coppice prune base.onnx --sparsity 0.5 --criterion l1 --data fashion-mnist --fine-tune 1 -o small.onnx
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: "The share of channels (or weights) that leave: 0 to below 1.")
  var sparsity: Double

  @Option(help: ArgumentHelp("How importance is judged.", valueName: "name"))
  var criterion: Criterion = .l1

  @Option(help: ArgumentHelp("What leaves.", valueName: "name"))
  var granularity: Granularity = .channel

  @Option(
    help: ArgumentHelp(
      "One ranking over all layers (global), or the same share in each (local; with one share per-group is the same).",
      valueName: "name"))
  var scope: Scope = .global

  @Option(
    help: ArgumentHelp(
      "Prunes only layers of this name; * and ? stand for any text. Can be repeated.", valueName: "glob"))
  var layers: [String] = []

  @Option(help: ArgumentHelp("Leaves layers of this name whole. Can be repeated.", valueName: "glob"))
  var exclude: [String] = []

  @Option(help: ArgumentHelp("Every layer keeps a multiple of this many channels.", valueName: "count"))
  var roundTo = 1

  @Option(help: ArgumentHelp("fashion-mnist, idx:DIR or cifar10:DIR.", valueName: "data"))
  var data: String?

  @Option(help: ArgumentHelp("Epochs of fine-tuning after the cut.", valueName: "epochs"))
  var fineTune = 0.0

  @Option(
    name: [.customLong("learning-rate"), .customLong("lr")], help: "The learning rate at the start of fine-tuning.")
  var learningRate = 0.02

  @Option(help: "Samples in a batch.")
  var batchSize = 128

  @Option(help: ArgumentHelp("Batches over which batch normalisation is measured anew.", valueName: "count"))
  var recalibrationBatches = 16

  @Option(help: "Seeds every random choice.")
  var seed: UInt64 = 0

  @Flag(help: "Prunes a network that hardly beats guessing, too.")
  var allowNearChance = false

  @OptionGroup var split: SplitOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: [.short, .long], help: ArgumentHelp("The ONNX file to write.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Writes the smaller network's weights as safetensors, too.", valueName: "file"))
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
  var batchNorm: BatchNormalizationPolicy = .auto

  @Flag(help: "Prints the result as JSON.")
  var json = false

  func validate() throws {
    guard sparsity >= 0, sparsity < 1 else {
      throw ValidationError("--sparsity must be from 0 to below 1, not \(sparsity).")
    }
    guard roundTo >= 1 else { throw ValidationError("--round-to must be at least 1, not \(roundTo).") }
    guard fineTune >= 0, fineTune.isFinite else {
      throw ValidationError("--fine-tune must not be negative, but is \(fineTune).")
    }
    guard masked == nil || granularity == .channel else {
      throw ValidationError("--masked is for channels; pruned weights are zeros in their place already.")
    }
    guard masked == nil || data == nil else {
      throw ValidationError("--masked compares the cut alone, so it goes without --data.")
    }
    guard fineTune == 0 || data != nil else { throw ValidationError("--fine-tune needs --data.") }
    guard learningRate > 0, learningRate.isFinite else {
      throw ValidationError("--learning-rate must be positive, not \(learningRate).")
    }
    guard batchSize > 0 else { throw ValidationError("--batch-size must be at least 1, not \(batchSize).") }
    guard recalibrationBatches >= 0 else {
      throw ValidationError("--recalibration-batches must not be negative, but is \(recalibrationBatches).")
    }
  }

  func run() throws {
    let file = try OutputFile(output)
    let arrays = try safetensors.map(OutputFile.init)
    let maskedFile = try masked.map(OutputFile.init)
    try threads.apply()
    let graph = try network.load()
    try checkLayers(of: graph)
    let stored = TrainingMetadata(of: graph)
    let loaded = try data.map { text in
      let source = try DataSource.parse(text)
      return try StudyData(
        source: source, split: split.split(stored: stored.split),
        input: input.normalization(for: source, stored: stored.input))
    }
    let plan = PruningPlan(
      criterion: criterion, granularity: granularity, scope: scope == .perGroup ? .local : scope,
      sparsity: .uniform(sparsity), layers: LayerSet(include: layers.isEmpty ? ["*"] : layers, exclude: exclude),
      roundTo: roundTo,
      recovery: Recovery(
        recalibrationBatches: recalibrationBatches, learningRate: learningRate, batchSize: batchSize),
      seed: seed)
    let meter = StepMeter("prune \(graph.name)")
    let pruning = try NetworkPruning(
      graph, plan: plan, data: loaded, epochs: fineTune, allowsNearChance: allowNearChance,
      batchNormalization: batchNorm, makesMasked: masked != nil, progress: meter.update)
    meter.finish()
    try file.write(ONNXFile.encode(pruning.network))
    try arrays?.write(SafetensorsFile.encode(pruning.network.learnedState, metadata: ["format": "pt"]))
    if let masked = pruning.masked { try maskedFile?.write(ONNXFile.encode(masked)) }
    if json {
      print(
        try PrettyJSON.text(
          of: PruneReport(
            network: output, before: pruning.before, after: pruning.after,
            groups: pruning.groups.map { .init(name: $0.name, kept: $0.kept, all: $0.all) })))
    } else {
      var groups = TextTable(figures: [granularity == .channel ? "group" : "weight", "kept", "of"])
      for group in pruning.groups { groups.add([group.name, "\(group.kept)", "\(group.all)"]) }
      print(groups.text)
      print(FigureTable([("before", pruning.before), ("after", pruning.after)]).text, terminator: "")
      print("written to \(output)")
    }
  }

  /// A glob that matches no layer is a slip of the pen, and would otherwise prune other layers than was meant.
  private func checkLayers(of graph: Graph) throws {
    let names = graph.prunableLayerNames
    for pattern in layers + exclude where !names.contains(where: { Glob.matches($0, pattern: pattern) }) {
      throw EvaluationError(
        .badPlan, "No layer is named '\(pattern)'.", remedy: "The layers are: \(names.joined(separator: ", ")).")
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
  var groups: [Group]
}

extension Criterion: ExpressibleByArgument {}
extension Granularity: ExpressibleByArgument {}
extension Scope: ExpressibleByArgument {}
extension BatchNormalizationPolicy: ExpressibleByArgument {}
