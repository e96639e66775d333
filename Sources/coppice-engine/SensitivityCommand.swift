import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import StudyModel
import Support

struct SensitivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Measures what pruning each group alone costs, without training.",
    discussion: """
      Every group is cut alone at every ratio, batch normalisation is measured anew, and accuracy and loss are taken on \
      validation samples. What loses little can lose much in a search.

      Example: coppice sensitivity base.onnx --data fashion-mnist --samples 2000 --picture sensitivity.svg
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("fashion-mnist, idx:DIR or cifar10:DIR.", valueName: "data"))
  var data: String

  @Option(help: ArgumentHelp("Shares that leave, each of one group; 0.1 to 0.9 when left out.", valueName: "shares"))
  var ratios: NumberList?

  @Option(help: ArgumentHelp("The first so many validation samples; all when left out.", valueName: "count"))
  var samples: Int?

  @Option(help: ArgumentHelp("What leaves: channel, element, 'block 4x1', head, unit, layer.", valueName: "name"))
  var granularity: Granularity = .channel

  @OptionGroup(title: "What leaves first") var importance: CriterionOptions
  @OptionGroup(title: "From which layers") var layers: LayerOptions

  @Option(help: ArgumentHelp("Batches over which batch normalisation is measured anew.", valueName: "count"))
  var recalibrationBatches = 16

  @Option(help: "Seeds every random choice.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Inserts batch normalisations that an exporter folded: auto (where the criterion needs them), keep, insert.",
      valueName: "policy"))
  var batchNorm: BatchNormalizationPolicy = .auto

  @OptionGroup(title: "Data") var split: SplitOptions
  @OptionGroup(title: "Data") var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(help: ArgumentHelp("Keeps scans in this folder, and takes them from there.", valueName: "folder"))
  var cache: String?

  @Option(help: ArgumentHelp("Writes the scan as JSON, too.", valueName: "file"))
  var scan: String?

  @Option(help: ArgumentHelp("Draws the scan as a heat map into this SVG file.", valueName: "file"))
  var picture: String?

  @Flag(help: "Prints the result as JSON.")
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
    let file = try scan.map(OutputFile.init)
    try threads.apply()
    let graph = try network.load()
    try layers.check(against: graph)
    let source = try DataSource.parse(data)
    let stored = TrainingMetadata(of: graph)
    let loaded = try StudyData(
      source: source, split: split.split(stored: stored.split),
      input: input.normalization(for: source, stored: stored.input))
    let plan = PruningPlan(
      criterion: importance.effective, ranking: importance.ranking, granularity: granularity, scope: .perGroup,
      sparsity: .uniform(0), layers: layers.set,
      replacement: Replacement.mean.applies(to: granularity, importance.effective) ? .mean : nil,
      recovery: Recovery(recalibrationBatches: recalibrationBatches),
      seed: seed)
    let meter = ProgressMeter("sensitivity of \(graph.name)")
    let measurement = try SensitivityMeasurement(
      graph, plan: plan, data: loaded, batchNormalization: batchNorm,
      cache: cache.map { path in
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
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
