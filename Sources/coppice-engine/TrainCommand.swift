import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import NetworkLoading
import StudyModel
import Support

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a built-in or given network and writes it as ONNX.",
    discussion: """
      Stochastic gradient descent with momentum under a learning rate that falls to zero along a cosine. The file \
      remembers the input scaling and the split, so that later commands need not be told.

      Example: coppice train --network fashion-cnn --data fashion-mnist --epochs 3 -o base.onnx
      """)

  @Option(
    help: ArgumentHelp(
      "A built-in network (\(BuiltinNetworks.names.joined(separator: ", "))) with fresh weights, or an ONNX file.",
      valueName: "name|file"))
  var network: String

  @Option(help: ArgumentHelp("Weights to start from: a safetensors file for a built-in network.", valueName: "file"))
  var weights: String?

  @OptionGroup var reading: NetworkReadingOptions

  @Option(help: ArgumentHelp("fashion-mnist, idx:DIR or cifar10:DIR.", valueName: "data"))
  var data: String

  @Option(help: "Epochs; fractions are allowed.")
  var epochs = 3.0

  @Option(name: [.customLong("learning-rate"), .customLong("lr")], help: "The learning rate at the start.")
  var learningRate = 0.05

  @Option(help: "Samples in a batch.")
  var batchSize = 128

  @Option(help: "Momentum.")
  var momentum = 0.9

  @Option(help: "Weight decay.")
  var weightDecay = 5e-4

  @Option(help: ArgumentHelp("Zero pixels around each image before a random crop.", valueName: "pixels"))
  var cropPadding = 0

  @Flag(help: "Mirrors training images by chance.")
  var flips = false

  @Option(help: "Seeds fresh weights and the order of samples.")
  var seed: UInt64 = 0

  @OptionGroup var split: SplitOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: [.short, .long], help: ArgumentHelp("The ONNX file to write.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Writes the weights as safetensors too.", valueName: "file"))
  var safetensors: String?

  @Flag(help: "Prints the result as JSON.")
  var json = false

  func validate() throws {
    guard epochs > 0, epochs.isFinite else { throw ValidationError("--epochs must be positive, not \(epochs).") }
    guard learningRate > 0, learningRate.isFinite else {
      throw ValidationError("--learning-rate must be positive, not \(learningRate).")
    }
    guard batchSize > 0 else { throw ValidationError("--batch-size must be at least 1, not \(batchSize).") }
    guard (0..<1).contains(momentum) else {
      throw ValidationError("--momentum must be from 0 to below 1, not \(momentum).")
    }
    guard weightDecay >= 0, weightDecay.isFinite else {
      throw ValidationError("--weight-decay must not be negative, but is \(weightDecay).")
    }
    guard cropPadding >= 0 else { throw ValidationError("--crop-padding must not be negative, but is \(cropPadding).") }
  }

  func run() throws {
    let onnx = try OutputFile(output)
    let arrays = try safetensors.map(OutputFile.init)
    try threads.apply()
    let name = BuiltinNetworks.names.contains(network) ? "builtin:\(network)" : network
    let graph = try reading.source(of: name, weights: weights).load(seed: seed)
    let source = try DataSource.parse(data)
    // Fresh weights have seen nothing, so validation is cut from the training file.
    let stored = TrainingMetadata(of: graph)
    let loaded = try StudyData(
      source: source, split: split.split(stored: stored.split ?? SplitSpec(seenTraining: false)),
      input: input.normalization(for: source, stored: stored.input))

    let recovery = Recovery(
      learningRate: learningRate, momentum: momentum, weightDecay: weightDecay, batchSize: batchSize,
      augmentation: Augmentation(cropPadding: cropPadding, flips: flips))
    let meter = ProgressMeter("train \(graph.name)")
    let (trained, figures) = try NetworkTraining.run(
      graph, on: loaded, recovery: recovery, epochs: epochs, seed: seed
    ) { share, loss in meter.update(share, detail: String(format: "loss %.3f", loss)) }
    meter.finish(figures.accuracy.map { "\(Units.percent($0.share)) right on validation" } ?? "")

    try ONNXFile.write(trained, to: onnx.url)
    try arrays?.write(SafetensorsFile.encode(trained.learnedState, metadata: ["format": "pt"]))
    if figures.accuracy?.isNearChance(classes: loaded.classCount) == true {
      ErrorReport.warn(
        "the network hardly beats guessing; try more epochs or another learning rate (it was \(learningRate)).")
    }
    if json {
      print(try PrettyJSON.text(of: TrainReport(network: output, figures: figures)))
    } else {
      print(FigureTable([("network", figures)]).text, terminator: "")
      print("written to \(output)")
    }
  }
}

private struct TrainReport: Encodable {
  var network: String
  var figures: NetworkFigures
}
