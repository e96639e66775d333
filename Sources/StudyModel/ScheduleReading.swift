/// When cuts are made, and the training before them.
enum ScheduleReading {
  /// `epochs` are those of the first trained rung, less what sparse training takes of them.
  static func schedule(_ cursor: SpecCursor, epochs: Double) throws -> Schedule {
    guard cursor.isMapping else {
      return .usual(try cursor.member("schedule", Schedule.Kind.oneShot), epochs: epochs)
    }
    let section = try cursor.section()
    let kind = try section.required("kind", remedy: "Write for example {kind: agp, steps: 4}.")
      .member("schedule", Schedule.Kind.oneShot)
    func own(_ part: Schedule.Part) throws -> SpecCursor? {
      guard let value = section[part.rawValue] else { return nil }
      guard kind.parts.contains(part) else {
        let others = Schedule.Kind.allCases.filter { $0.parts.contains(part) }.map(\.rawValue)
        throw value.error(
          .conflict, "the schedule '\(kind.rawValue)' has no '\(part.rawValue)'",
          remedy: "Remove it, or take one of \(others.joined(separator: ", ")).")
      }
      return value
    }
    let steps: Int? = try own(.steps)?.integer("a number of cuts from 2 to 1000", in: 2...1000)
    var schedule = Schedule.usual(kind, epochs: epochs, steps: steps)
    if let length = try own(.epochsPerStep) { schedule.epochsPerStep = try length.epochs("Write epochs, such as 1/4.") }
    if let rate = try own(.rate) {
      schedule.rate = try rate.number("a share above 0 and below 1, such as 0.2") { $0 > 0 && $0 < 1 }
    }
    if let tolerance = try own(.tolerance) {
      schedule.tolerance = try tolerance.number("a share of accuracy from 0 to 1, such as 0.01") {
        (0...1).contains($0)
      }
    }
    schedule.rewind = try own(.rewind)?.unless("none") { try $0.epochs("Write an epoch, such as 1/4, or none.") }
    return schedule
  }

  static func sparseTraining(_ cursor: SpecCursor) throws -> SparseTraining {
    guard cursor.isMapping else { return SparseTraining(try penalty(cursor)) }
    let section = try cursor.section()
    var training = SparseTraining(
      try penalty(section.required("penalty", remedy: "Write for example {penalty: group-lasso, epochs: 1}.")))
    if let update = section["update"] {
      training.update = try update.member("update", SparseTraining.Update.gradient)
    }
    if let strength = section["strength"] {
      training.strength = try strength.number("a positive number, such as 1e-4") { $0 > 0 }
    }
    if let epochs = section["epochs"] { training.epochs = try epochs.epochs("Write epochs, such as 1/2.") }
    return training
  }

  private static func penalty(_ cursor: SpecCursor) throws -> SparseTraining.Penalty {
    let text = try cursor.choice(
      "penalty", of: SparseTraining.Penalty.allCases.map(\.rawValue))
    return SparseTraining.Penalty(rawValue: text) ?? .l1
  }
}

extension SpecCursor {
  /// Epochs from 0, as a decimal or a fraction such as 1/3.
  func epochs(_ remedy: String) throws -> Double {
    let text = try string("a number")
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map {
      Double($0.trimmingPrefix { $0 == " " })
    }
    let value: Double?
    switch parts.count {
    case 1: value = parts[0]
    case 2: value = parts[0].flatMap { top in parts[1].map { top / $0 } }
    default: value = nil
    }
    guard let value, value.isFinite else {
      throw error(.wrongType, "'\(text)' is not a number", remedy: remedy)
    }
    guard value >= 0 else { throw error(.outOfRange, "\(text) is negative", remedy: remedy) }
    return value
  }
}
