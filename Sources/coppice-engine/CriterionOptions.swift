import ArgumentParser
import StudyModel

/// How importance is judged. What is not given is as usual for the criterion.
struct CriterionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How importance is judged; l1 when left out.", valueName: "name"))
  var criterion: Criterion?

  @Option(help: ArgumentHelp("Which end of the statistic leaves: low, high or outlying.", valueName: "end"))
  var remove: Removal?

  @Option(
    help: ArgumentHelp(
      "How the scores of layers that leave together become one: sum, mean, max, first, l2.", valueName: "name"))
  var aggregation: Aggregation?

  @Option(
    help: ArgumentHelp(
      "How groups are made comparable: none, mean, max, standard, lamp, isomorphic. Needs one ranking over all layers.",
      valueName: "name"))
  var normalization: Normalization?

  @Option(
    help: ArgumentHelp(
      "What is done to weights before mean, variance, skewness and kurtosis: none, log, standardize.", valueName: "name"
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
        "--remove does not go with --criterion random, whose numbers have no end that means anything.")
    }
    if let transform, transform != .none, !effective.isMoment {
      throw ValidationError(
        "--transform \(transform.rawValue) goes with the moments \(Criterion.names(where: \.isMoment)), not with "
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
