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
      Trains by stochastic gradient descent with momentum; the learning rate falls to zero along a cosine. The file \
      remembers how pixels are scaled and how the data are split, so that later commands need not be told.

      Example: coppice train --network fashion-cnn --data fashion-mnist --epochs 3 -o base.onnx
      """)

  @Option(
    help: ArgumentHelp(
      "A built-in network, untrained (\(BuiltinNetworks.names.joined(separator: ", "))), or an ONNX file.",
      valueName: "name|file"))
  var network: String

  @Option(help: ArgumentHelp("A safetensors file with the weights to start from.", valueName: "file"))
  var weights: String?

  @OptionGroup var reading: NetworkReadingOptions

  @Option(
    help: ArgumentHelp("fashion-mnist, idx:FOLDER (files as MNIST has them) or cifar10:FOLDER.", valueName: "data"))
  var data: String

  @Option(help: "Epochs; fractions are allowed.")
  var epochs = 3.0

  @Option(name: [.customLong("learning-rate"), .customLong("lr")], help: "The learning rate at the start.")
  var learningRate = 0.05

  @Option(help: "Images in a batch.")
  var batchSize = 128

  @Option(help: "The momentum of gradient descent.")
  var momentum = 0.9

  @Option(help: "The weight decay.")
  var weightDecay = 5e-4

  @Option(
    help: ArgumentHelp("Add this many black pixels at each side, then crop at a random place.", valueName: "pixels"))
  var cropPadding = 0

  @Flag(help: "Mirror half of the training images, left to right.")
  var flips = false

  @Option(help: "The seed of the first weights and of the order of samples.")
  var seed: UInt64 = 0

  @OptionGroup var split: SplitOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: [.short, .long], help: ArgumentHelp("The ONNX file to write.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Also write the weights as safetensors.", valueName: "file"))
  var safetensors: String?

  @Flag(help: "Print the result as JSON.")
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
    // The name of a built-in network is no file, even where one of that name is there.
    let isBuiltin = BuiltinNetworks.names.contains(network)
    var outputs = OutputFiles(
      sparing: [isBuiltin ? nil : network, weights].compactMap { $0 } + DataFiles.paths(data),
      more: { [network] in isBuiltin ? [] : ONNXFile.dataFiles(of: URL(fileURLWithPath: network)).map(\.path) })
    let onnx = try outputs.file(output)
    let arrays = try safetensors.map { try outputs.file($0) }
    try threads.apply()
    let name = BuiltinNetworks.names.contains(network) ? "builtin:\(network)" : network
    let graph = try reading.source(of: name, weights: weights).load(seed: seed)
    ErrorReport.say(graph.remarks)
    var stored = try TrainingMetadata(of: graph, named: name)
    // Fresh weights have seen nothing, so validation is cut from the training file.
    if stored.split == nil { stored.split = SplitSpec(seenTraining: false) }
    let loaded = try LoadedData(data, input, split, stored: stored, file: name).data

    let recovery = Recovery(
      learningRate: learningRate, momentum: momentum, weightDecay: weightDecay, batchSize: batchSize,
      augmentation: Augmentation(cropPadding: cropPadding, flips: flips))
    let meter = ProgressMeter("train \(graph.name)")
    let (trained, figures) = try NetworkTraining.run(
      graph, on: loaded, recovery: recovery, epochs: epochs, seed: seed
    ) { share, loss in meter.update(share, detail: String(format: "loss %.3f", loss)) }
    meter.finish(figures.accuracy.map { "\(Units.percent($0.share)) right on validation" } ?? "")

    try ONNXFile.write(trained, to: onnx)
    try arrays?.write(SafetensorsFile.encode(trained.learnedState, metadata: trained.weightsNotes))
    if figures.accuracy?.isNearChance(classes: loaded.classCount) == true {
      ErrorReport.warn(
        "the network is hardly better than guessing; try more epochs or another learning rate (it was \(learningRate))."
      )
    }
    if json {
      print(try PrettyJSON.text(of: TrainReport(network: output, input: loaded.input, figures: figures)))
    } else {
      print(FigureTable([("network", figures)]).text, terminator: "")
      print("written to \(output)")
    }
  }
}

private struct TrainReport: Encodable {
  var network: String
  var input: InputNormalization
  var figures: NetworkFigures
}
