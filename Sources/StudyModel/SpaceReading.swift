/// The part of a spec that bounds the plans.
enum SpaceReading {
  /// `rungs` are the cumulative epochs of the spec, which bound and fill in what is trained between cuts. The plans of a sweep
  /// have the same share in every group unless the spec says otherwise: a share for each would be a product of its own.
  /// What listed plans share need not be a whole space, and is checked with each of them.
  static func space(
    _ cursor: SpecCursor?, rungs: [Double], sampler: SamplerKind = .nsga2, isShared: Bool = false
  ) throws -> SearchSpace {
    var space = SearchSpace()
    if sampler.isSweep { space.scope = .local }
    guard let section = try cursor?.section() else { return space }
    if let criteria = section["criterion"] { space.choices = try criteria.distinctOrOne(RankingReading.criterion) }
    try RankingReading.readRanking(section, into: &space)
    if let granularities = section["granularity"] { space.granularities = try granularities.distinct(granularity) }
    if section["criterion"] == nil {
      // What is usual, as far as it goes with what leaves.
      space.choices.removeAll { choice in !space.granularities.contains(where: choice.criterion.judges) }
    }
    if let scope = section["scope"] {
      let name = try scope.choice(
        "scope", of: Scope.allCases.map(\.rawValue), notBuilt: SpecVocabulary.scopesNotBuilt)
      space.scope = Scope(rawValue: name) ?? .perGroup
    }
    if let share = section["layer-share"] {
      space.layerShare = try share.unless("usual") {
        try $0.number("a share of the layers above 0 and at most 1, or usual for a third") { $0 > 0 && $0 <= 1 }
      }
    }
    if let sparsity = section["sparsity"] { try SparsityReading.read(sparsity, into: &space) }
    if let layers = section["layers"] { space.layers = try LayerSetReading.layers(layers) }
    if let roundTo = section["round-to"] {
      if case .scalar("auto", _, _) = roundTo.node { throw roundTo.notBuilt("round-to 'auto'", instead: ["1", "8"]) }
      space.roundTo = try roundTo.integer("a number of channels from 1 to 4096", in: 1...4096)
    }
    if let training = section["sparse-training"] {
      space.sparseTrainings = try training.distinctOrOne {
        try $0.unless("none", ScheduleReading.sparseTraining)
      }
    }
    if let schedule = section["schedule"] {
      let epochs = (rungs.dropFirst().first ?? 0) - (space.sparseTrainings.compactMap { $0?.epochs }.max() ?? 0)
      space.schedules = try schedule.distinctOrOne { try ScheduleReading.schedule($0, epochs: epochs) }
    }
    if let order = section["order"] {
      space.orders = try order.distinct { try $0.member("order", LayerOrder.allAtOnce) }
    }
    if let redundancy = section["redundancy"] { space.removesRedundant = try redundancy.boolean() }
    if let replacement = section["mean-replacement"] {
      space.replacement = try replacement.boolean() ? .mean : nil
    }
    if !isShared { try SpaceConflicts(space: space, section: section, rungs: rungs).check() }
    return space
  }

  private static func granularity(_ cursor: SpecCursor) throws -> Granularity {
    let text = try cursor.string("a granularity")
    if let granularity = Granularity(rawValue: text) ?? SpecVocabulary.granularitySynonyms[text] { return granularity }
    if text.contains(":") {
      throw cursor.error(
        .outOfRange, "'\(text)' is no N:M granularity", remedy: "Write N:M with N below M, such as \"2:4\".")
    }
    if text.hasPrefix("block") {
      throw cursor.error(
        .outOfRange, "'\(text)' says no size of blocks", remedy: "Write rows by columns, such as \"block 4x1\".")
    }
    let known = ["channel", "element", "2:4", "block 4x1", "head", "unit", "layer"]
    _ = try cursor.choice("granularity", of: known)
    return .channel
  }
}

extension SpecCursor {
  /// One of a type's raw values; the fallback only gives the type.
  func member<Value>(_ kind: String, _ fallback: Value) throws -> Value
  where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    Value(rawValue: try choice(kind, of: Value.allCases.map(\.rawValue))) ?? fallback
  }

  /// Like `distinct`, where a mapping, too, is a list of itself.
  func distinctOrOne<Value: Hashable>(_ read: (SpecCursor) throws -> Value) throws -> [Value] {
    isMapping ? [try read(self)] : try distinct(read)
  }
}
