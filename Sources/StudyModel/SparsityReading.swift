/// How much may leave: a range of shares of something, or thresholds.
enum SparsityReading {
  /// The words of `target`; a unit is whatever the granularity counts, a channel in most studies.
  static let targets = ["channels", "parameters", "macs"]

  static func read(_ cursor: SpecCursor, into space: inout SearchSpace) throws {
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
    if let target = section["target"] {
      let name = try target.string("a target")
      space.measure = name == "units" ? .units : measure(try target.choice("target", of: targets))
    }
    if let threshold = section["threshold"], let values = try threshold.unless("none", thresholds) {
      space.thresholds = values
      guard section["min"] == nil, section["max"] == nil else {
        throw threshold.error(
          .conflict, "a threshold takes whatever scores below it, so there is no share from min to max",
          remedy: "Keep either threshold or min and max.")
      }
      guard space.measure == .units else {
        throw threshold.error(
          .conflict, "a threshold aims at no number of \(word(space.measure))",
          remedy: "Leave target out, or give min and max instead of a threshold.")
      }
    }
  }

  static func word(_ measure: SparsityMeasure) -> String {
    switch measure {
    case .units: "channels"
    case .parameters: "parameters"
    case .macs: "macs"
    }
  }

  private static func measure(_ word: String) -> SparsityMeasure { SparsityMeasure(rawValue: word) ?? .units }

  private static func thresholds(_ cursor: SpecCursor) throws -> [Double] {
    try cursor.distinct { try $0.number("a finite score, or a list of scores") { _ in true } }
  }
}
