import ArgumentParser
import StudyModel

/// When cuts are made, in what order, and what is trained before and between them; all of it within --fine-tune.
struct ScheduleOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "When to remove: one-shot, or in steps with training between them: iterative, agp, fixed-rate, dynamic-rate, history.",
      valueName: "name"))
  var schedule: Schedule.Kind?

  @Option(
    help: ArgumentHelp(
      "The largest number of steps; 4 when left out, 8 for fixed-rate, dynamic-rate and history.", valueName: "count"))
  var steps: Int?

  @Option(
    help: ArgumentHelp(
      "Epochs of training after each step but the last; equal parts of --fine-tune when left out.", valueName: "epochs")
  )
  var epochsPerStep: Double?

  @Option(
    help: ArgumentHelp(
      "For fixed-rate and dynamic-rate: the share that the first step removes of what is left.", valueName: "share"))
  var rate: Double?

  @Option(
    help: ArgumentHelp(
      "For dynamic-rate and history: how far accuracy may fall; 0.01 is one point.", valueName: "share"))
  var tolerance: Double?

  @Option(
    help: ArgumentHelp(
      "After each step, set the remaining weights back to what they were at this epoch.", valueName: "epoch"))
  var rewind: Double?

  @Option(
    help: ArgumentHelp(
      "In what order to prune the layers: all (at once), bottom-up, top-down, shallow-only, least-sensitive, off-critical-path.",
      valueName: "name"))
  var order: LayerOrder?

  @Option(
    help: ArgumentHelp(
      "Before the first step, train with a penalty that makes weights small: l1, group-lasso, bn-scale, growing, gates.",
      valueName: "penalty"))
  var sparseTraining: SparseTraining.Penalty?

  @Option(help: ArgumentHelp("How the penalty changes the weights: gradient, proximal, ftrl.", valueName: "name"))
  var sparseUpdate: SparseTraining.Update?

  @Option(help: ArgumentHelp("The penalty's factor; 1e-4 when left out.", valueName: "number"))
  var sparseStrength: Double?

  @Option(help: ArgumentHelp("Epochs of sparse training; 1 when left out.", valueName: "epochs"))
  var sparseEpochs: Double?

  @Flag(
    help:
      "First remove units that do nothing: those whose weights are all zero, and those whose output is the same for all calibration data."
  )
  var redundant = false

  @Flag(
    inversion: .prefixedNo,
    help:
      "When a channel is removed, add its mean output over the training data to the biases of the layers that read it.")
  var meanReplacement = true

  /// Where there is something to replace.
  func replacement(_ granularity: Granularity, _ criterion: Criterion) -> Replacement? {
    meanReplacement && Replacement.mean.applies(to: granularity, criterion) ? .mean : nil
  }

  /// The options that stand on the command line.
  var given: [String] {
    [
      schedule.map { _ in "--schedule" }, steps.map { _ in "--steps" }, epochsPerStep.map { _ in "--epochs-per-step" },
      rate.map { _ in "--rate" }, tolerance.map { _ in "--tolerance" }, rewind.map { _ in "--rewind" },
      order.map { _ in "--order" }, sparseTraining.map { _ in "--sparse-training" },
      sparseUpdate.map { _ in "--sparse-update" }, sparseStrength.map { _ in "--sparse-strength" },
      sparseEpochs.map { _ in "--sparse-epochs" }, redundant ? "--redundant" : nil,
      meanReplacement ? nil : "--no-mean-replacement",
    ].compactMap { $0 }
  }

  /// Within so many epochs of training.
  func plan(epochs: Double) -> Schedule {
    let kind = schedule ?? .oneShot
    var result = Schedule.usual(kind, epochs: epochs - (training?.epochs ?? 0), steps: steps)
    if let epochsPerStep { result.epochsPerStep = epochsPerStep }
    if let rate { result.rate = rate }
    if let tolerance { result.tolerance = tolerance }
    result.rewind = rewind
    return result
  }

  var training: SparseTraining? {
    sparseTraining.map {
      SparseTraining($0, update: sparseUpdate ?? .gradient, strength: sparseStrength ?? 1e-4, epochs: sparseEpochs ?? 1)
    }
  }

  func validate() throws {
    let kind = schedule ?? .oneShot
    let own: [(String, Bool, Schedule.Part)] = [
      ("--steps", steps != nil, .steps), ("--epochs-per-step", epochsPerStep != nil, .epochsPerStep),
      ("--rate", rate != nil, .rate), ("--tolerance", tolerance != nil, .tolerance),
      ("--rewind", rewind != nil, .rewind),
    ]
    for (name, isGiven, part) in own where isGiven && !kind.parts.contains(part) {
      let others = Schedule.Kind.allCases.filter { $0.parts.contains(part) }.map(\.rawValue)
      throw ValidationError(
        "\(name) cannot be used with --schedule \(kind.rawValue); use it with \(others.joined(separator: ", ")).")
    }
    if let steps, steps < 2 { throw ValidationError("--steps must be at least 2, not \(steps).") }
    if let rate, !(rate > 0 && rate < 1) { throw ValidationError("--rate must be above 0 and below 1, not \(rate).") }
    if let tolerance, !(0...1).contains(tolerance) {
      throw ValidationError("--tolerance must be from 0 to 1, not \(tolerance).")
    }
    for (name, value) in [
      ("--epochs-per-step", epochsPerStep), ("--rewind", rewind), ("--sparse-epochs", sparseEpochs),
    ] {
      if let value, !(value >= 0 && value.isFinite) {
        throw ValidationError("\(name) must not be negative, but is \(value).")
      }
    }
    if let sparseStrength, !(sparseStrength > 0 && sparseStrength.isFinite) {
      throw ValidationError("--sparse-strength must be positive, not \(sparseStrength).")
    }
    if sparseTraining == nil, sparseUpdate != nil || sparseStrength != nil || sparseEpochs != nil {
      throw ValidationError("--sparse-update, --sparse-strength and --sparse-epochs need --sparse-training.")
    }
  }
}

extension Schedule.Kind: ExpressibleByArgument {}
extension LayerOrder: ExpressibleByArgument {}
extension SparseTraining.Penalty: ExpressibleByArgument {}
extension SparseTraining.Update: ExpressibleByArgument {}
