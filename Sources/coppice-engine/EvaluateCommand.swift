import ArgumentParser
import Evaluation
import Foundation
import StudyModel
import Support

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures how often a network is right.",
    discussion: """
      Top-1 accuracy with Wilson's 95% interval, and the mean cross-entropy.

      Example: coppice evaluate builtin:resnet20 --weights resnet20.safetensors --data cifar10:DIR \
      --input-mean 0.485,0.456,0.406 --input-std 0.229,0.224,0.225
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("fashion-mnist, idx:DIR or cifar10:DIR.", valueName: "data"))
  var data: String

  @Option(name: .customLong("split"), help: "The samples: test (the whole test file), validation or training.")
  var part: EvaluatedPart = .test

  @OptionGroup var split: SplitOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(help: "Samples in a batch.")
  var batchSize = 500

  @Flag(help: "Prints the result as JSON.")
  var json = false

  func validate() throws {
    guard batchSize > 0 else { throw ValidationError("--batch-size must be at least 1, not \(batchSize).") }
  }

  func run() throws {
    try threads.apply()
    let graph = try network.load()
    let source = try DataSource.parse(data)
    let stored = TrainingMetadata(of: graph)
    let loaded = try StudyData(
      source: source, split: split.split(stored: stored.split),
      input: input.normalization(for: source, stored: stored.input), testOnly: part == .test)
    let meter = ProgressMeter("evaluate \(graph.name)")
    let figures = try NetworkFigures(
      of: graph, on: loaded, part: part.part, batchSize: batchSize, progress: { meter.update($0) })
    meter.finish()
    if let accuracy = figures.accuracy, accuracy.isNearChance(classes: loaded.classCount) {
      ErrorReport.warn(
        "the network hardly beats guessing; check --input-scale, --input-mean and --input-std against its training.")
    }
    if json {
      print(try PrettyJSON.text(of: EvaluateReport(part: part.rawValue, input: loaded.input, figures: figures)))
    } else {
      print(FigureTable([(part.rawValue, figures)]).text, terminator: "")
    }
  }
}

enum EvaluatedPart: String, ExpressibleByArgument, CaseIterable {
  case test, validation, training

  var part: StudyData.Part {
    switch self {
    case .test: .test
    case .validation: .validation
    case .training: .training
    }
  }
}

private struct EvaluateReport: Encodable {
  var part: String
  var input: InputNormalization
  var figures: NetworkFigures
}
