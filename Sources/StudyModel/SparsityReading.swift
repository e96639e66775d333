/// How much may leave: a range of shares of something, a list of shares, or thresholds.
enum SparsityReading {
  /// The words of `target`; a unit is whatever the granularity counts, a channel in most studies.
  static let targets = ["channels", "parameters", "macs"]

  /// A number or a list of numbers are the only shares; a mapping says more.
  static func read(_ cursor: SpecCursor, into space: inout SearchSpace) throws {
    guard cursor.isMapping else {
      space = space.withShares(try cursor.distinct(share))
      return
    }
    let section = try cursor.section()
    if let target = section["target"] {
      let name = try target.string("a target")
      space.measure = name == "units" ? .units : measure(try target.choice("target", of: targets))
    }
    let shares = try section["share"]?.unless("none") { try $0.distinct(share) }
    if let shares { space = space.withShares(shares) }
    if let share = section["share"], shares != nil, section["min"] != nil || section["max"] != nil {
      throw share.error(
        .conflict, "share says every share, so there is no range from min to max",
        remedy: "Keep either share or min and max.")
    }
    space.minimumSparsity = try section["min"].map(Self.share) ?? space.minimumSparsity
    space.maximumSparsity = try section["max"].map(Self.share) ?? space.maximumSparsity
    guard space.minimumSparsity <= space.maximumSparsity else {
      throw cursor.error(
        .outOfRange, "min \(space.minimumSparsity) is above max \(space.maximumSparsity)",
        remedy: "Write min <= max, both from 0 to below 1.")
    }
    if let threshold = section["threshold"], let values = try threshold.unless("none", thresholds) {
      space.thresholds = values
      guard section["min"] == nil, section["max"] == nil, shares == nil else {
        throw threshold.error(
          .conflict, "a threshold takes whatever scores below it, so there is no share to choose",
          remedy: "Keep either threshold, or share, or min and max.")
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

  private static func share(_ cursor: SpecCursor) throws -> Double {
    let expected = "a share from 0 to below 1"
    let value = try cursor.number(expected) { _ in true }
    guard value >= 0, value < 1 else {
      let percent = value > 1 && value < 100 ? " Did you mean \(value / 100)?" : ""
      throw cursor.error(.outOfRange, "\(cursor.node.summary) is out of range", remedy: "Write \(expected).\(percent)")
    }
    return value
  }

  private static func thresholds(_ cursor: SpecCursor) throws -> [Double] {
    try cursor.distinct { try $0.number("a finite score, or a list of scores") { _ in true } }
  }
}
