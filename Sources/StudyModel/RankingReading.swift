/// How importance is judged: criteria, and the choices from their statistics to a ranking.
enum RankingReading {
  /// A name, or a mapping of a name and what is fixed for this criterion alone.
  static func criterion(_ cursor: SpecCursor) throws -> CriterionChoice {
    guard cursor.isMapping else { return CriterionChoice(try name(cursor)) }
    let section = try cursor.section()
    let criterion = try name(section.required("name", remedy: "Write for example {name: entropy, remove: high}."))
    var choice = CriterionChoice(criterion)
    if let removal = section["remove"] {
      choice.removal = try removal.usualOr("removal", Removal.low)
      if criterion == .random, choice.removal != nil {
        throw removal.error(
          .conflict, "random numbers mean nothing, so 'remove' cannot be used with 'random'",
          remedy: "Leave 'remove' out, or take another criterion.")
      }
    }
    if let aggregation = section["aggregation"] {
      choice.aggregation = try aggregation.usualOr("aggregation", Aggregation.mean)
    }
    if let normalization = section["normalization"] {
      choice.normalization = try normalization.usualOr("normalization", Normalization.mean)
    }
    if let transform = section["transform"] {
      choice.transform = try transform.member("transform", StatisticTransform.none)
      guard criterion.isMoment || choice.transform == StatisticTransform.none else {
        throw transform.error(.conflict, "'\(criterion.rawValue)' takes no moments of weights", remedy: momentRemedy)
      }
    }
    return choice
  }

  /// The lists that all criteria share.
  static func readRanking(_ section: SpecSection, into space: inout SearchSpace) throws {
    if let removals = section["remove"] {
      space.removals = try removals.distinct { try $0.usualOr("removal", Removal.low) }
      if space.removals != [nil], space.choices.allSatisfy({ $0.criterion == .random }) {
        throw removals.error(
          .conflict, "random numbers mean nothing, so 'remove' cannot be used with 'random'",
          remedy: "Leave 'remove' out, or add another criterion.")
      }
    }
    if let aggregations = section["aggregation"] {
      space.aggregations = try aggregations.distinct { try $0.usualOr("aggregation", Aggregation.mean) }
    }
    if let normalizations = section["normalization"] {
      space.normalizations = try normalizations.distinct { try $0.usualOr("normalization", Normalization.mean) }
    }
    if let transforms = section["transform"] {
      space.transforms = try transforms.distinct { try $0.member("transform", StatisticTransform.none) }
      guard space.transforms == [.none] || space.choices.contains(where: { $0.criterion.isMoment }) else {
        throw transforms.error(.conflict, "no criterion of the space takes moments of weights", remedy: momentRemedy)
      }
    }
  }

  private static let momentRemedy =
    "Leave 'transform' out, or take one of \(Criterion.names(where: \.isMoment))."

  private static func name(_ cursor: SpecCursor) throws -> Criterion {
    let text = try cursor.string("a criterion")
    if let criterion = SpecVocabulary.criterionSynonyms[text] { return criterion }
    if text == "threshold" {
      throw cursor.error(
        .unknownValue, "a threshold is no criterion of its own",
        remedy: "Write the criterion whose scores it cuts, and space.sparsity.threshold.")
    }
    return try cursor.member("criterion", Criterion.random)
  }
}

extension SpecCursor {
  /// Nil for the word `usual`: as the criterion has it.
  fileprivate func usualOr<Value>(_ kind: String, _ fallback: Value) throws -> Value?
  where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    let text = try choice(kind, of: ["usual"] + Value.allCases.map(\.rawValue))
    return text == "usual" ? nil : Value(rawValue: text) ?? fallback
  }
}
