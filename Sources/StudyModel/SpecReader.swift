import Support

/// Reads a study's spec from its tree: every key typed and held to its range, every default filled in, nothing ignored.
package enum SpecReader {
  /// The time that a search takes when the spec names neither time nor trials: a night.
  package static let defaultSeconds = 28800.0

  /// Relative paths resolve against `folder`, the spec's own. Throws `SpecError` at the first fault.
  package static func read(_ node: SpecNode, folder: String) throws -> StudySpec {
    let top = try SpecCursor(node: node, path: "").section()
    try readVersion(top)
    let network = try NetworkReading.network(top, folder: folder)
    let data = try NetworkReading.data(top, folder: folder)
    let fineTune = try FineTuneReading.fineTune(top["fine-tune"])
    let space = try SpaceReading.space(top["space"], rungs: fineTune.rungs)
    let limits = try top["limits"]?.section()
    return StudySpec(
      study: try top["study"]?.string("the study's name") ?? "study",
      network: network,
      data: data,
      input: try NetworkReading.input(top["input"], data: data),
      split: try NetworkReading.split(top["split"], network: network),
      expectedAccuracy: try readExpectation(top["expect"]),
      objectives: try readObjectives(top),
      latency: try readLatency(top["latency"]),
      space: space,
      fineTune: fineTune,
      sampler: try readSampler(top["sampler"]),
      usesSensitivity: try readSensitivity(top["sensitivity"], space),
      constraints: try top["constraints"].map(readConstraints) ?? [],
      budget: try readBudget(top["budget"]),
      workers: try top["workers"]?.integer("the number of worker processes, from 1 to 1024", in: 1...1024) ?? 2,
      diskLimit: try readLimit(limits?["disk"]),
      memoryLimit: try readLimit(limits?["memory"]),
      seed: try top["seed"]?.integer("an integer from 0", in: 0...UInt64.max) ?? 0)
  }

  private static func readVersion(_ top: SpecSection) throws {
    guard let cursor = top["coppice"] else { return }
    let version: Int = try cursor.integer("coppice: 1", in: 0...Int.max)
    guard version == 1 else {
      throw cursor.error(
        .unknownValue, "version \(version) of the spec's format is not known", remedy: "This build reads version 1.")
    }
  }

  private static func readExpectation(_ cursor: SpecCursor?) throws -> Double? {
    try cursor?.section()["accuracy"]?.unless("none") {
      try $0.number("a share from 0 to 1, such as 0.91") { (0...1).contains($0) }
    }
  }

  private static func readObjectives(_ top: SpecSection) throws -> [Objective] {
    let cursor = try top.required(
      "objectives", remedy: "Write for example: objectives: [accuracy, parameters, latency].")
    let objectives = try cursor.distinct(readObjective)
    guard objectives.contains(.accuracy) else {
      throw cursor.error(
        .outOfRange, "accuracy is not among the objectives",
        remedy: "Add it: without it the smallest network always wins.")
    }
    return objectives
  }

  private static func readObjective(_ cursor: SpecCursor) throws -> Objective {
    let known = Objective.allCases.map(\.rawValue)
    let name = try cursor.choice("objective", of: known, notBuilt: SpecVocabulary.objectivesNotBuilt)
    return Objective(rawValue: name) ?? .accuracy
  }

  private static func readLatency(_ cursor: SpecCursor?) throws -> LatencySpec {
    var latency = LatencySpec()
    guard let section = try cursor?.section() else { return latency }
    if let batch = section["batch"] {
      latency.batch = try batch.integer("a batch of 1 to 65536 samples", in: 1...65536)
    }
    if let threads = section["threads"] {
      latency.threads = try threads.integer("a number of threads from 1 to 1024", in: 1...1024)
    }
    if let runtime = section["runtime"] {
      let name = try runtime.string("the runtime's name")
      guard name == latency.runtime else {
        let isNamed = SpecVocabulary.runtimesNotBuilt.contains(name)
        throw runtime.notBuilt(
          isNamed ? "the runtime '\(name)'" : "'\(name)' as an external command", instead: [latency.runtime])
      }
    }
    return latency
  }

  private static func readSampler(_ cursor: SpecCursor?) throws -> SamplerKind {
    guard let cursor else { return .nsga2 }
    let known = SamplerKind.allCases.map(\.rawValue)
    let name = try cursor.choice("sampler", of: known, notBuilt: SpecVocabulary.samplersNotBuilt)
    return SamplerKind(rawValue: name) ?? .nsga2
  }

  private static func readSensitivity(_ cursor: SpecCursor?, _ space: SearchSpace) throws -> Bool {
    guard let cursor, try cursor.boolean() else { return false }
    guard space.scope == .perGroup, space.thresholds.isEmpty else {
      throw cursor.error(
        .conflict,
        "a sensitivity scan gives every group a share of its own, but the scope is '\(space.scope.rawValue)'",
        remedy: "Write space: {scope: per-group}, or sensitivity: false.")
    }
    return true
  }

  private static func readConstraints(_ cursor: SpecCursor) throws -> [Constraint] {
    try cursor.items().map { item in
      do {
        return try ConstraintGrammar.parse(try item.string("a constraint"))
      } catch let fault as ConstraintGrammar.Fault {
        let form = "Write \(ConstraintGrammar.form)."
        guard let measure = fault.measure else {
          throw item.error(.unknownValue, "in '\(item.node.summary)' \(fault.reason)", remedy: form)
        }
        let known = Objective.allCases.map(\.rawValue)
        if SpecVocabulary.objectivesNotBuilt.contains(measure) {
          throw item.notBuilt("the measure '\(measure)'", instead: known)
        }
        let nearest = EditDistance.nearest(to: measure, among: known) ?? ""
        throw item.error(.unknownValue, "\(fault.reason); the nearest is '\(nearest)'", remedy: form)
      }
    }
  }

  private static func readLimit(_ cursor: SpecCursor?) throws -> Int? {
    try cursor?.unless("none") { cursor in
      let text = try cursor.string("a size")
      guard let bytes = SpecSize.bytes(text) else {
        throw cursor.error(
          .wrongType, "'\(text)' is not a size", remedy: "Write a number with its unit: 200MB, 1.5GiB or none.")
      }
      guard bytes >= 1 << 20 else {
        throw cursor.error(.outOfRange, "'\(text)' is less than a mebibyte", remedy: "Write 1MiB or more, or none.")
      }
      return bytes
    }
  }

  private static func readBudget(_ cursor: SpecCursor?) throws -> Budget {
    var budget = Budget()
    let section = try cursor?.section()
    budget.seconds = try section?["time"]?.unless("none") { cursor in
      let text = try cursor.string("a duration")
      guard let seconds = SpecDuration.seconds(text) else {
        throw cursor.error(
          .wrongType, "'\(text)' is not a duration", remedy: "Write a number with its unit: 90s, 5m, 8h or 1h 30m.")
      }
      return seconds
    }
    budget.trials = try section?["trials"]?.unless("none") {
      try $0.integer("a number of trials from 1", in: 1...1_000_000)
    }
    if budget.seconds == nil, budget.trials == nil { budget.seconds = defaultSeconds }
    return budget
  }
}
