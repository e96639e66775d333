import Support

/// Reads a study's spec from its tree: every key typed and held to its range, every default filled in, nothing ignored.
package enum SpecReader {
  /// The time that a search takes when the spec names neither time nor trials: a night.
  package static let defaultSeconds = 28800.0

  /// Relative paths resolve against `folder`, the spec's own. What the spec says nothing of and the network's file does is taken
  /// from there, `stored`. Throws `SpecError` at the first fault.
  package static func read(
    _ node: SpecNode, folder: String, stored: TrainingMetadata = TrainingMetadata()
  ) throws -> StudySpec {
    let top = try SpecCursor(node: node, path: "").section()
    try readVersion(top)
    let network = try NetworkReading.network(top, folder: folder)
    let data = try NetworkReading.data(top, folder: folder)
    var fineTune = try FineTuneReading.fineTune(top["fine-tune"])
    let sampler = try SweepReading.sampler(top)
    let space = try SpaceReading.space(
      top["space"], rungs: fineTune.rungs, sampler: sampler, isShared: sampler == .list)
    if sampler == .grid { try SweepReading.checkGrid(space, top) }
    // What is said and what is usual are one spec.
    if fineTune.promotion == sampler.usualPromotion { fineTune.promotion = nil }
    let limits = try top["limits"]?.section()
    return StudySpec(
      study: try top["study"].map(readName) ?? "study",
      network: network,
      data: data,
      input: try NetworkReading.input(top["input"], data: data, stored: stored.input),
      split: try NetworkReading.split(top["split"], network: network, stored: stored.split),
      expectedAccuracy: try readExpectation(top["expect"]),
      objectives: try readObjectives(top),
      latency: try readLatency(top["latency"]),
      space: space,
      fineTune: fineTune,
      sampler: sampler,
      plans: try SweepReading.plans(top, rungs: fineTune.rungs),
      usesSensitivity: try readSensitivity(top["sensitivity"], space, sampler),
      constraints: try top["constraints"].map(readConstraints) ?? [],
      budget: try readBudget(top["budget"], sampler),
      workers: try top["workers"]?.integer("the number of worker processes, from 1 to 1024", in: 1...1024) ?? 2,
      diskLimit: try readLimit(limits?["disk"]),
      memoryLimit: try readLimit(limits?["memory"]),
      seed: try top["seed"]?.integer("an integer from 0", in: 0...UInt64.max) ?? 0)
  }

  /// The study's folder is made under this name, so it must be one that leads nowhere else.
  private static func readName(_ cursor: SpecCursor) throws -> String {
    let name = try cursor.string("the study's name")
    let remedy = "Write a short name without slashes, such as fashion-1; --output says where the study's folder is."
    guard name.utf8.count <= longestName else {
      throw cursor.error(
        .outOfRange, "a name of \(name.utf8.count) bytes is too long for a folder (at most \(longestName))",
        remedy: remedy)
    }
    guard !name.contains("/"), name != ".", name != ".." else {
      throw cursor.error(
        .outOfRange, "'\(name)' is no name for the study's folder: it leads to another place", remedy: remedy)
    }
    guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }) else {
      throw cursor.error(.outOfRange, "the name has characters that cannot be printed", remedy: remedy)
    }
    guard !name.allSatisfy(\.isWhitespace) else {
      throw cursor.error(.outOfRange, "the name has nothing but spaces", remedy: remedy)
    }
    return name
  }

  /// Bytes; a filesystem takes 255, and commands add to it.
  private static let longestName = 200

  /// The input scaling as far as the spec itself gives it. Throws `SpecError`.
  package static func givenInput(_ node: SpecNode) throws -> GivenInput {
    try NetworkReading.givenInput(SpecCursor(node: node, path: "").section()["input"])
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

  private static func readSensitivity(
    _ cursor: SpecCursor?, _ space: SearchSpace, _ sampler: SamplerKind
  ) throws -> Bool {
    guard let cursor, try cursor.boolean() else { return false }
    guard !sampler.isSweep else {
      throw cursor.error(
        .conflict,
        "a sensitivity scan steers the first plans that are drawn, and the sampler '\(sampler.rawValue)' draws none",
        remedy: "Write sensitivity: false; `coppice sensitivity` measures the groups of a network alone.")
    }
    guard space.scope == .perGroup, space.thresholds.isEmpty else {
      throw cursor.error(
        .conflict,
        "a sensitivity scan gives every group a share of its own, but the scope is '\(space.scope.rawValue)'",
        remedy: "Write space: {scope: per-group}, or sensitivity: false.")
    }
    return true
  }

  private static func readConstraints(_ cursor: SpecCursor) throws -> [Constraint] {
    var constraints: [Constraint] = []
    for item in try cursor.items() {
      let constraint = try readConstraint(item)
      let faults = constraints.lazy.compactMap { ConstraintCheck.contradiction($0, constraint) }
      if let fault = ConstraintCheck.fault(of: constraint) ?? faults.first {
        throw item.error(.outOfRange, fault.reason, remedy: fault.remedy)
      }
      constraints.append(constraint)
    }
    return constraints
  }

  private static func readConstraint(_ item: SpecCursor) throws -> Constraint {
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
      throw item.error(
        .unknownValue, fault.reason + Spelling.hint(for: measure, among: known),
        remedy: "The measures are \(known.joined(separator: ", ")). \(form)")
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

  /// A sweep has an end of its own, all others without a budget one of time.
  private static func readBudget(_ cursor: SpecCursor?, _ sampler: SamplerKind) throws -> Budget {
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
    if budget.seconds == nil, budget.trials == nil, !sampler.isSweep { budget.seconds = defaultSeconds }
    return budget
  }
}
