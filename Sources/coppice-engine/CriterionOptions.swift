import ArgumentParser
import StudyModel

/// How importance is judged. What is not given is as usual for the criterion.
struct CriterionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How to measure importance; l1 when left out.", valueName: "name"))
  var criterion: Criterion?

  @Option(
    help: ArgumentHelp(
      "Remove low, high or outlying values; the criterion's own choice when left out.", valueName: "end"))
  var remove: Removal?

  @Option(
    help: ArgumentHelp(
      "How to join the scores of channels that can only be removed together: sum, mean, max, first, l2.",
      valueName: "name"))
  var aggregation: Aggregation?

  @Option(
    help: ArgumentHelp(
      "How to make the scores of different groups comparable: none, mean, max, standard, lamp, isomorphic. Needs --scope global.",
      valueName: "name"))
  var normalization: Normalization?

  @Option(
    help: ArgumentHelp(
      "Change the weights before mean, variance, skewness and kurtosis are taken: none, log, standardize.",
      valueName: "name"
    ))
  var transform: StatisticTransform?

  /// The options that stand on the command line.
  var given: [String] {
    [
      criterion.map { _ in "--criterion" }, remove.map { _ in "--remove" }, aggregation.map { _ in "--aggregation" },
      normalization.map { _ in "--normalization" }, transform.map { _ in "--transform" },
    ].compactMap { $0 }
  }

  var ranking: Ranking {
    Ranking(
      removal: remove, aggregation: aggregation, normalization: normalization, transform: transform ?? .none)
  }

  var effective: Criterion { criterion ?? .l1 }

  func validate() throws {
    if effective == .random, remove != nil {
      throw ValidationError(
        "--remove cannot be used with --criterion random, whose numbers mean nothing.")
    }
    if let transform, transform != .none, !effective.isMoment {
      throw ValidationError(
        "--transform \(transform.rawValue) can be used with the moments \(Criterion.names(where: \.isMoment)) only, not with "
          + "\(effective.rawValue)."
      )
    }
  }
}

extension Criterion: ExpressibleByArgument {}
extension Removal: ExpressibleByArgument {}
extension Aggregation: ExpressibleByArgument {}
extension Normalization: ExpressibleByArgument {}
extension StatisticTransform: ExpressibleByArgument {}
