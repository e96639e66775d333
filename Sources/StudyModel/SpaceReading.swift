/// The part of a spec that bounds the plans.
enum SpaceReading {
  static func space(_ cursor: SpecCursor?) throws -> SearchSpace {
    var space = SearchSpace()
    guard let section = try cursor?.section() else { return space }
    if let criteria = section["criterion"] { space.criteria = try criteria.distinct(criterion) }
    if let granularities = section["granularity"] { space.granularities = try granularities.distinct(granularity) }
    if let scope = section["scope"] {
      let name = try scope.choice(
        "scope", of: Scope.allCases.map(\.rawValue), notBuilt: SpecVocabulary.scopesNotBuilt)
      space.scope = Scope(rawValue: name) ?? .perGroup
    }
    if let sparsity = section["sparsity"] { try readSparsity(sparsity, into: &space) }
    if let layers = section["layers"] { space.layers = try readLayers(layers) }
    if let roundTo = section["round-to"] {
      if case .scalar("auto", _, _) = roundTo.node { throw roundTo.notBuilt("round-to 'auto'", instead: ["1", "8"]) }
      space.roundTo = try roundTo.integer("a number of channels from 1 to 4096", in: 1...4096)
    }
    if let schedule = section["schedule"] {
      _ = try schedule.choice(
        "schedule", of: Schedule.allCases.map(\.rawValue), notBuilt: SpecVocabulary.schedulesNotBuilt)
    }
    if let order = section["order"] {
      _ = try order.choice("order", of: LayerOrder.allCases.map(\.rawValue), notBuilt: SpecVocabulary.ordersNotBuilt)
    }
    return space
  }

  private static func criterion(_ cursor: SpecCursor) throws -> Criterion {
    let name = try cursor.choice(
      "criterion", of: Criterion.allCases.map(\.rawValue), notBuilt: SpecVocabulary.criteriaNotBuilt)
    return Criterion(rawValue: name) ?? .random
  }

  private static func granularity(_ cursor: SpecCursor) throws -> Granularity {
    let known = Granularity.allCases.map(\.rawValue)
    let text = try cursor.string("a granularity")
    if isNOfM(text) { throw cursor.notBuilt("the granularity '\(text)' (N:M)", instead: known) }
    // The field's two other words for the same thing.
    if text == "filter" || text == "neuron" { return .channel }
    let name = try cursor.choice("granularity", of: known, notBuilt: SpecVocabulary.granularitiesNotBuilt)
    return Granularity(rawValue: name) ?? .channel
  }

  private static func isNOfM(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) }
  }

  private static func readSparsity(_ cursor: SpecCursor, into space: inout SearchSpace) throws {
    let section = try cursor.section()
    func share(_ key: String, _ fallback: Double) throws -> Double {
      try section[key]?.number("a share from 0 to below 1") { $0 >= 0 && $0 < 1 } ?? fallback
    }
    space.minimumSparsity = try share("min", space.minimumSparsity)
    space.maximumSparsity = try share("max", space.maximumSparsity)
    guard space.minimumSparsity <= space.maximumSparsity else {
      throw cursor.error(
        .outOfRange, "min \(space.minimumSparsity) is above max \(space.maximumSparsity)",
        remedy: "Write min <= max, both from 0 to below 1.")
    }
  }

  private static func readLayers(_ cursor: SpecCursor) throws -> LayerSet {
    let section = try cursor.section()
    var layers = LayerSet()
    if let include = section["include"] { layers.include = try include.distinct(pattern) }
    if let exclude = section["exclude"] { layers.exclude = try exclude.items().map(pattern) }
    return layers
  }

  private static func pattern(_ cursor: SpecCursor) throws -> String {
    let text = try cursor.string("a layer's name, * and ? allowed")
    return text == "all" ? "*" : text
  }
}
