import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import StudyModel
import Support

struct SensitivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Measures how much accuracy is lost when one group alone is pruned, without training.",
    discussion: """
      A group is a set of channels, in one or more layers, that can only be removed together. Each group is pruned alone at each \
      ratio, batch normalisation is measured again, and accuracy and loss are measured on the validation samples. Groups that \
      lose little accuracy can be pruned more.

      Example: coppice sensitivity base.onnx --data fashion-mnist --samples 2000 --picture sensitivity.svg
      """)

  @OptionGroup var network: NetworkOptions

  @Option(
    help: ArgumentHelp("fashion-mnist, idx:FOLDER (files as MNIST has them) or cifar10:FOLDER.", valueName: "data"))
  var data: String

  @Option(
    help: ArgumentHelp(
      "The shares of a group to remove, such as 0.25,0.5; 0.1 to 0.9 when left out.", valueName: "shares"))
  var ratios: NumberList?

  @Option(
    help: ArgumentHelp("Use only this many validation samples, the first ones; all when left out.", valueName: "count"))
  var samples: Int?

  @Option(
    help: ArgumentHelp(
      "What to remove: channel, head, unit, layer; or set to zero: element, 'block 4x1'.", valueName: "name"))
  var granularity: Granularity = .channel

  @OptionGroup(title: "What to remove first") var importance: CriterionOptions
  @OptionGroup(title: "Which layers") var layers: LayerOptions

  @Option(
    help: ArgumentHelp(
      "Batches on which the statistics of batch normalisation are measured after pruning.", valueName: "count"))
  var recalibrationBatches = 16

  @Option(help: "The seed of every random choice.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Put batch normalisations back that an exporter folded into convolutions: auto (when the criterion needs them), keep (do not), insert.",
      valueName: "policy"))
  var batchNorm: BatchNormalizationPolicy = .auto

  @OptionGroup(title: "Data") var split: SplitOptions
  @OptionGroup(title: "Data") var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp(
      "Keep results in this folder, and take from there what is measured already.", valueName: "folder"))
  var cache: String?

  @Option(help: ArgumentHelp("Write the result as JSON into this file, too.", valueName: "file"))
  var scan: String?

  @Option(help: ArgumentHelp("Draw the result as a heat map into this SVG file.", valueName: "file"))
  var picture: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if let values = ratios?.values {
      guard values.allSatisfy({ $0 > 0 && $0 < 1 }), Set(values).count == values.count else {
        throw ValidationError("--ratios takes different shares above 0 and below 1, such as 0.25,0.5,0.75.")
      }
    }
    if let samples, samples < 1 { throw ValidationError("--samples must be at least 1, not \(samples).") }
    guard recalibrationBatches >= 0 else {
      throw ValidationError("--recalibration-batches must not be negative, but is \(recalibrationBatches).")
    }
    guard !granularity.isNOfM else {
      throw ValidationError("--granularity \(granularity.rawValue) removes the same share everywhere: nothing to scan.")
    }
    guard importance.effective.judges(granularity) else {
      throw ValidationError(
        "--criterion \(importance.effective.rawValue) judges channels, not single weights as --granularity "
          + "\(granularity.rawValue) needs; take one of \(Criterion.names(where: \.judgesElements)).")
    }
    guard picture == nil else {
      throw ValidationError("--picture is drawn by `coppice sensitivity`, not by the engine alone.")
    }
  }

  func run() throws {
    var outputs = network.outputs(besides: [], data: data)
    let file = try scan.map { try outputs.file($0) }
    try threads.apply()
    let graph = try network.load()
    try layers.check(against: graph)
    let loaded = try LoadedData(
      data, input, split, stored: TrainingMetadata(of: graph, named: network.model), file: network.model)
    let plan = PruningPlan(
      criterion: importance.effective, ranking: importance.ranking, granularity: granularity, scope: .perGroup,
      sparsity: .uniform(0), layers: layers.set,
      replacement: Replacement.mean.applies(to: granularity, importance.effective) ? .mean : nil,
      recovery: Recovery(recalibrationBatches: recalibrationBatches),
      seed: seed)
    let meter = ProgressMeter("sensitivity of \(graph.name)")
    let measurement = try SensitivityMeasurement(
      graph, plan: plan, data: loaded.data, batchNormalization: batchNorm,
      cache: cache.map { path in
        try Folders.make(at: URL(fileURLWithPath: path))
        return try SensitivityCache(folder: URL(fileURLWithPath: path))
      })
    let result = try measurement.run(
      plan, ratios: ratios?.values.sorted() ?? SensitivityMeasurement.usualRatios, samples: samples,
      progress: { meter.update($0) })
    meter.finish()
    try file?.write(CanonicalBytes.encode(result))
    print(json ? try PrettyJSON.text(of: result) : Self.table(result), terminator: json ? "\n" : "")
  }

  /// A row for each group, the accuracy at each ratio.
  private static func table(_ scan: SensitivityScan) -> String {
    let ratios = Set(scan.entries.map(\.ratio)).sorted()
    var rows: [(group: String, cells: [String])] = []
    for entry in scan.entries {
      if rows.last?.group != entry.group { rows.append((entry.group, [])) }
      rows[rows.count - 1].cells.append(Units.percent(entry.accuracy))
    }
    var table = TextTable(figures: ["accuracy at"] + ratios.map { "\($0)" })
    for row in rows { table.add([row.group] + row.cells) }
    return table.text
  }
}
