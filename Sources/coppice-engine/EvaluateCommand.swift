import ArgumentParser
import Evaluation
import Foundation
import StudyModel
import Support

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures the accuracy of a network on a dataset.",
    discussion: """
      Prints the share of images whose class is right, with a 95% interval (Wilson), and the loss (mean cross-entropy). Pixels \
      are scaled as the network's file says, where it says that, and each run prints how.

      Example: coppice evaluate builtin:resnet20 --weights resnet20.safetensors --data cifar10:DIR \
      --input-mean 0.485,0.456,0.406 --input-std 0.229,0.224,0.225
      """)

  @OptionGroup var network: NetworkOptions

  @Option(
    help: ArgumentHelp("fashion-mnist, idx:FOLDER (files as MNIST has them) or cifar10:FOLDER.", valueName: "data"))
  var data: String

  @Option(name: .customLong("split"), help: "The samples to use: test (the whole test file), validation or training.")
  var part: EvaluatedPart = .test

  @OptionGroup var split: SplitOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(help: "Images that are computed at once.")
  var batchSize = 500

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard batchSize > 0 else { throw ValidationError("--batch-size must be at least 1, not \(batchSize).") }
  }

  func run() throws {
    try threads.apply()
    let graph = try network.load()
    let loaded = try LoadedData(
      data, input, split, stored: TrainingMetadata(of: graph, named: network.model), file: network.model,
      testOnly: part == .test
    ).data
    let meter = ProgressMeter("evaluate \(graph.name)")
    let figures = try NetworkFigures(
      of: graph, on: loaded, part: part.part, batchSize: batchSize, progress: { meter.update($0) })
    meter.finish()
    if let accuracy = figures.accuracy, accuracy.isNearChance(classes: loaded.classCount) {
      ErrorReport.warn(
        "the network is hardly better than guessing; check that \(InputOptions.names) are those of its training.")
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
  let part: String
  let input: InputNormalization
  /// The share of right answers, 0 to 1, by the name that `front --json` has for it.
  let accuracy: Double?
  let accuracyInterval: [Double]?
  let loss: Double?
  let figures: NetworkFigures

  enum CodingKeys: String, CodingKey {
    case part, input, accuracy, loss, figures
    case accuracyInterval = "accuracy_interval"
  }

  init(part: String, input: InputNormalization, figures: NetworkFigures) {
    self.part = part
    self.input = input
    accuracy = figures.accuracy?.share
    accuracyInterval = figures.accuracy.map { [$0.interval.lowerBound, $0.interval.upperBound] }
    loss = figures.loss
    self.figures = figures
  }
}
