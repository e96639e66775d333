/// The part of a spec that names the dense network, its data and how they meet.
enum NetworkReading {
  static func network(_ top: SpecSection, folder: String) throws -> NetworkSource {
    let cursor = try top.required(
      "network", remedy: "Name an ONNX file, or {builtin: resnet20, weights: FILE.safetensors}.")
    guard cursor.isMapping else {
      let text = try cursor.string("an ONNX file or {builtin, weights}")
      // As on command lines.
      let prefix = "builtin:"
      if text.hasPrefix(prefix) { return NetworkSource(.builtin(name: String(text.dropFirst(prefix.count)))) }
      return .file(path: resolved(text, folder: folder))
    }
    let section = try cursor.section()
    let origin: NetworkSource.Origin
    if let file = section["file"] {
      if section["builtin"] != nil {
        throw cursor.error(.conflict, "'file' and 'builtin' exclude each other", remedy: "Remove one of them.")
      }
      origin = .file(path: resolved(try file.string("an ONNX file"), folder: folder))
    } else {
      let name = try section.required("builtin", remedy: "Name a built-in network, or write network: FILE.onnx.")
      origin = .builtin(name: try name.string("a built-in network's name"))
    }
    return NetworkSource(
      origin,
      weights: try section["weights"]?.unless("none") {
        resolved(try $0.string("a safetensors file"), folder: folder)
      },
      fixedInputs: try section["set"]?.entries { try $0.integer("an integer", in: Int.min...Int.max) } ?? [:],
      statePairs: try section["state-pairs"]?.entries { try $0.string("the name of an output") } ?? [:],
      freeze: try section["freeze"]?.unless("none") { try $0.distinct { try $0.string("a name, perhaps with *") } }
        ?? [],
      batchNormalization: try section["batch-norm"].map(policy) ?? .auto)
  }

  private static func policy(_ cursor: SpecCursor) throws -> BatchNormalizationPolicy {
    let known = BatchNormalizationPolicy.allCases
    let word = try cursor.choice("treatment of batch-norms", of: known.map(\.rawValue))
    return known.first { $0.rawValue == word } ?? .auto
  }

  static func data(_ top: SpecSection, folder: String) throws -> DataSource {
    let cursor = try top.required("data", remedy: "Write fashion-mnist, idx:DIR, cifar10:DIR or {format, path}.")
    if cursor.isMapping {
      let section = try cursor.section()
      let formatCursor = try section.required("format", remedy: "Write format: cifar10, for example.")
      let path = try section["path"]?.string("a folder")
      return try source(try format(formatCursor), path: path, at: section["path"] ?? formatCursor, folder: folder)
    }
    let text = try cursor.string("a dataset")
    guard let colon = text.firstIndex(of: ":") else {
      return try source(try format(cursor), path: nil, at: cursor, folder: folder)
    }
    let name = SpecNode.scalar(String(text[..<colon]), line: cursor.node.line, isQuoted: false)
    let path = String(text[text.index(after: colon)...])
    return try source(
      try format(SpecCursor(node: name, path: cursor.path)), path: path.isEmpty ? nil : path, at: cursor, folder: folder
    )
  }

  private static func format(_ cursor: SpecCursor) throws -> String {
    try cursor.choice(
      "data format", of: SpecVocabulary.dataFormats, notBuilt: SpecVocabulary.dataFormatsNotBuilt)
  }

  private static func source(_ format: String, path: String?, at cursor: SpecCursor, folder: String) throws
    -> DataSource
  {
    if format == "fashion-mnist", path != nil {
      throw cursor.error(
        .conflict, "fashion-mnist has a place of its own, and takes no path", remedy: "Write idx:DIR for another one.")
    }
    if format != "fashion-mnist", path == nil {
      throw cursor.error(
        .missingKey, "\(format) needs the folder of its files",
        remedy: "Write \(format):DIR or {format: \(format), path: DIR}.")
    }
    return DataSource(format: format, path: path.map { resolved($0, folder: folder) })
  }

  /// What the spec itself says of the input scaling.
  static func givenInput(_ cursor: SpecCursor?) throws -> GivenInput {
    var given = GivenInput()
    guard let section = try cursor?.section() else { return given }
    given.scale = try section["scale"]?.number("a positive number, such as 255") { $0 > 0 }
    given.mean = try section["mean"].map { try numbers($0, "a number for each channel") { _ in true } }
    given.std = try section["std"].map { try numbers($0, "a positive number for each channel") { $0 > 0 } }
    return given
  }

  /// What the spec leaves out comes from the network's file, `stored`, else from what is usual for the data.
  static func input(
    _ cursor: SpecCursor?, data: DataSource, stored: InputNormalization?
  ) throws -> InputNormalization {
    let input = try givenInput(cursor).laid(over: stored ?? .usual(for: data))
    guard let section = try cursor?.section() else { return input }
    guard input.mean.count == input.std.count || input.mean.count == 1 || input.std.count == 1 else {
      throw SpecError(
        .conflict, line: (section["std"] ?? section["mean"])?.node.line ?? 0, path: "input.std",
        reason: "mean has \(input.mean.count) channels and std has \(input.std.count)",
        remedy: "Write as many of each, or one for all channels.")
    }
    return input
  }

  private static func numbers(_ cursor: SpecCursor, _ expected: String, where holds: (Double) -> Bool) throws
    -> [Double]
  {
    let items = try cursor.items()
    guard !items.isEmpty else { throw cursor.error(.outOfRange, "the list is empty", remedy: "Write \(expected).") }
    return try items.map { try $0.number(expected, where: holds) }
  }

  /// What the spec leaves out comes from the network's file, `stored`. Where neither says it, weights that are given have seen
  /// the training file.
  static func split(_ cursor: SpecCursor?, network: NetworkSource, stored: SplitSpec?) throws -> SplitSpec {
    var split = stored ?? SplitSpec(seenTraining: network.hasForeignWeights)
    guard let section = try cursor?.section() else { return split }
    if let seen = section["seen-training"] { split.judgeApart(seenTraining: try seen.boolean()) }
    if let train = section["train"] { split.train = try count(train) }
    if let validation = section["validation"] { split.validation = try count(validation) }
    if let seed = section["seed"] { split.seed = try seed.integer("an integer from 0", in: 0...UInt64.max) }
    if let order = section["order"] {
      split.keepsFileOrder = try order.choice("order of samples", of: ["shuffled", "file"]) == "file"
    }
    return split
  }

  private static func count(_ cursor: SpecCursor?) throws -> Int? {
    try cursor?.unless("auto") { try $0.integer("a number of samples from 1, or auto", in: 1...1_000_000_000) }
  }

  /// `path` below `folder`, unless it starts at the root.
  private static func resolved(_ path: String, folder: String) -> String {
    var path = path[...]
    if path.hasPrefix("/") || folder.isEmpty || folder == "." { return String(path) }
    while path.hasPrefix("./") { path = path.dropFirst(2) }
    return folder.hasSuffix("/") ? folder + path : folder + "/" + path
  }
}

extension InputNormalization {
  /// The training split's own statistics for known data; otherwise bytes to 0...1.
  package static func usual(for data: DataSource) -> InputNormalization {
    switch data.format {
    case "fashion-mnist": InputNormalization(scale: 255, mean: [0.2860], std: [0.3530])
    case "cifar10":
      InputNormalization(scale: 255, mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616])
    default: InputNormalization()
    }
  }
}
