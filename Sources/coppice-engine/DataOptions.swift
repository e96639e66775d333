import ArgumentParser
import Evaluation
import StudyModel

/// How pixels become numbers; what is not given comes from the network's file, else from the dataset's own figures.
struct InputOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Divides every pixel, before the mean is taken off.", valueName: "number"))
  var inputScale: Double?

  @Option(help: ArgumentHelp("Mean by channel, such as 0.485,0.456,0.406.", valueName: "numbers"))
  var inputMean: NumberList?

  @Option(help: ArgumentHelp("Standard deviation by channel.", valueName: "numbers"))
  var inputStd: NumberList?

  func validate() throws {
    if let inputScale, !(inputScale > 0 && inputScale.isFinite) {
      throw ValidationError("--input-scale must be a positive number, not \(inputScale).")
    }
    if let inputStd, !inputStd.values.allSatisfy({ $0 > 0 && $0.isFinite }) {
      throw ValidationError("--input-std must hold positive numbers.")
    }
  }

  func normalization(for data: DataSource, stored: InputNormalization?) -> InputNormalization {
    var result = stored ?? .usual(for: data)
    if let inputScale { result.scale = inputScale }
    if let inputMean { result.mean = inputMean.values }
    if let inputStd { result.std = inputStd.values }
    return result
  }
}

/// Which samples are for training, which for validation.
struct SplitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The file from which validation samples are cut: training, or test for networks that have seen all of the \
      training file (the rest of the test file then stays sealed).
      """, valueName: "file"))
  var validationFrom: ValidationFile?

  @Option(name: .customLong("train"), help: ArgumentHelp("Training samples.", valueName: "count"))
  var trainSamples: Int?

  @Option(
    name: .customLong("validation"),
    help: ArgumentHelp(
      "Validation samples; half of the test file when they come from there and this is left out.", valueName: "count"))
  var validationSamples: Int?

  @Option(help: ArgumentHelp("Seed of the split.", valueName: "number"))
  var splitSeed: UInt64?

  @Flag(help: "Takes samples in the file's order, training first, instead of shuffling.")
  var keepFileOrder = false

  func validate() throws {
    for (name, value) in [("--train", trainSamples), ("--validation", validationSamples)] {
      if let value, value < 1 { throw ValidationError("\(name) must be at least 1, not \(value).") }
    }
  }

  /// `stored` is what the network's file says of its own training.
  func split(stored: SplitSpec?) -> SplitSpec {
    var result = stored ?? SplitSpec()
    if let validationFrom, result.seenTraining != (validationFrom == .test) {
      // The count that is stored is of the other file.
      result.validation = nil
      result.seenTraining.toggle()
    }
    if let trainSamples { result.train = trainSamples }
    if let validationSamples { result.validation = validationSamples }
    if let splitSeed { result.seed = splitSeed }
    if keepFileOrder { result.keepsFileOrder = true }
    return result
  }
}

enum ValidationFile: String, ExpressibleByArgument, CaseIterable { case training, test }

/// Numbers between commas.
struct NumberList: ExpressibleByArgument {
  let values: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Double($0) }
    guard !values.isEmpty, values.count == parts.count, values.allSatisfy(\.isFinite) else { return nil }
    self.values = values
  }
}
