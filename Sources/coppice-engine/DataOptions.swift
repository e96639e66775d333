import ArgumentParser
import Datasets
import Evaluation
import StudyModel

/// How pixels become numbers; what is not given comes from the network's file, else from the dataset's own figures.
struct InputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Divide every pixel by this, before the mean is subtracted; usually 255.", valueName: "number"))
  var inputScale: Double?

  @Option(
    help: ArgumentHelp(
      "The mean of each channel, such as 0.485,0.456,0.406, to subtract after that.", valueName: "numbers"))
  var inputMean: NumberList?

  @Option(help: ArgumentHelp("The standard deviation of each channel, to divide by at the end.", valueName: "numbers"))
  var inputStd: NumberList?

  @Flag(help: "Uses the scaling that is given although the network's file says another one.")
  var forceInput = false

  func validate() throws {
    if let inputScale, !(inputScale > 0 && inputScale.isFinite) {
      throw ValidationError("--input-scale must be a positive number, not \(inputScale).")
    }
    if let inputStd, !inputStd.values.allSatisfy({ $0 > 0 && $0.isFinite }) {
      throw ValidationError("--input-std must hold positive numbers.")
    }
  }

  var given: GivenInput { GivenInput(scale: inputScale, mean: inputMean?.values, std: inputStd?.values) }

  /// Where the scaling is given, for messages.
  static let names = "--input-scale, --input-mean, --input-std"
}

/// Which samples are for training, which for validation.
struct SplitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where validation samples come from: training, or test for a network that was trained on the whole training file (the \
      rest of the test file then stays sealed).
      """, valueName: "file"))
  var validationFrom: ValidationFile?

  @Option(
    name: .customLong("train"),
    help: ArgumentHelp("The number of training samples; all that are left when left out.", valueName: "count"))
  var trainSamples: Int?

  @Option(
    name: .customLong("validation"),
    help: ArgumentHelp(
      "The number of validation samples. Left out, and taken from the test file: half of it.", valueName: "count"))
  var validationSamples: Int?

  @Option(help: ArgumentHelp("The seed by which samples are shuffled before they are split.", valueName: "number"))
  var splitSeed: UInt64?

  @Flag(help: "Split in the file's order, training samples first, without shuffling.")
  var keepFileOrder = false

  func validate() throws {
    for (name, value) in [("--train", trainSamples), ("--validation", validationSamples)] {
      if let value, value < 1 { throw ValidationError("\(name) must be at least 1, not \(value).") }
    }
  }

  /// True where the split is not left to the network's file.
  var isGiven: Bool {
    validationFrom != nil || trainSamples != nil || validationSamples != nil || splitSeed != nil || keepFileOrder
  }

  /// `stored` is what the network's file says of its own training.
  func split(stored: SplitSpec?) -> SplitSpec {
    var result = stored ?? SplitSpec()
    if let validationFrom { result.judgeApart(seenTraining: validationFrom == .test) }
    if let trainSamples { result.train = trainSamples }
    if let validationSamples { result.validation = validationSamples }
    if let splitSeed { result.seed = splitSeed }
    if keepFileOrder { result.keepsFileOrder = true }
    return result
  }
}

/// A dataset as a command was told to read it.
struct LoadedData {
  let data: StudyData
  let choice: InputChoice

  /// Reads the dataset that `text` names and prints by which scaling its pixels become numbers. What the options leave out comes
  /// from `stored`, which `file` says of the network.
  init(
    _ text: String, _ input: InputOptions, _ split: SplitOptions, stored: TrainingMetadata, file: String,
    testOnly: Bool = false
  ) throws {
    let source = try DataSource.parse(text)
    choice = try InputChoice(
      input.given, by: .options, stored: stored.input, file: file, data: source, forced: input.forceInput)
    data = try StudyData(
      source: source, split: split.split(stored: stored.split), input: choice.input, testOnly: testOnly)
    ErrorReport.note(choice.text)
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

/// The files of a data set, which no output may take the place of.
enum DataFiles {
  /// None where the words name no data set.
  static func paths(_ data: String?) -> [String] {
    guard let data, let source = try? DatasetSource.parse(data) else { return [] }
    return source.files.map(\.path)
  }
}
