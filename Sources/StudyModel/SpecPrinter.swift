/// Writes a spec in full, every default filled in, so that reading the text gives the same spec.
package enum SpecPrinter {
  /// YAML; lists of scalars stand on one line, and each listed plan on one of its own.
  package static func yaml(_ spec: StudySpec) -> String {
    var text = ""
    write(node(spec), indent: 0, into: &text)
    return text
  }

  /// The tree of the full spec, without lines.
  package static func node(_ spec: StudySpec) -> SpecNode {
    let recovery = spec.fineTune.recovery
    return mapping([
      ("coppice", scalar(spec.version)),
      ("study", scalar(spec.study)),
      ("network", network(spec.network)),
      ("data", data(spec.data)),
      (
        "input",
        mapping([
          ("scale", scalar(spec.input.scale)), ("mean", list(spec.input.mean)), ("std", list(spec.input.std)),
        ])
      ),
      (
        "split",
        mapping([
          ("train", optional(spec.split.train, "auto")), ("validation", optional(spec.split.validation, "auto")),
          ("seed", scalar(spec.split.seed)), ("seen-training", scalar(spec.split.seenTraining)),
          ("order", scalar(spec.split.keepsFileOrder ? "file" : "shuffled")),
        ])
      ),
      ("expect", mapping([("accuracy", optional(spec.expectedAccuracy, "none"))])),
      ("objectives", list(spec.objectives.map(\.rawValue))),
      (
        "latency",
        mapping([
          ("batch", scalar(spec.latency.batch)), ("threads", scalar(spec.latency.threads)),
          ("runtime", scalar(spec.latency.runtime)),
        ])
      ),
      ("space", space(spec.space)),
      (
        "fine-tune",
        mapping([
          ("rungs", list(spec.fineTune.rungs)),
          ("promote", scalar(spec.promotion.rawValue)),
          ("samples-per-epoch", optional(recovery.samplesPerEpoch, "all")),
          ("optimizer", scalar(spec.fineTune.optimizer)),
          ("learning-rate", scalar(recovery.learningRate)),
          ("momentum", scalar(recovery.momentum)),
          ("weight-decay", scalar(recovery.weightDecay)),
          ("batch-size", scalar(recovery.batchSize)),
          (
            "augmentation",
            mapping([
              ("crop", scalar(recovery.augmentation.cropPadding)), ("flip", scalar(recovery.augmentation.flips)),
            ])
          ),
          ("recalibration-batches", scalar(recovery.recalibrationBatches)),
        ])
      ),
      ("sampler", scalar(spec.sampler.rawValue)),
      ("plans", spec.plans.map { plans($0, shared: spec.space) } ?? scalar("none")),
      ("sensitivity", scalar(spec.usesSensitivity)),
      ("constraints", list(spec.constraints.map(ConstraintGrammar.text))),
      (
        "budget",
        mapping([
          ("time", optional(spec.budget.seconds.map(SpecDuration.text(seconds:)), "none")),
          ("trials", optional(spec.budget.trials, "none")),
        ])
      ),
      ("workers", scalar(spec.workers)),
      (
        "limits",
        mapping([
          ("disk", optional(spec.diskLimit.map(SpecSize.text(bytes:)), "none")),
          ("memory", optional(spec.memoryLimit.map(SpecSize.text(bytes:)), "none")),
        ])
      ),
      ("seed", scalar(spec.seed)),
    ])
  }

  private static func network(_ source: NetworkSource) -> SpecNode {
    if source == NetworkSource(source.origin), case .file(let path) = source.origin { return scalar(path) }
    var entries: [(String, SpecNode)] = []
    switch source.origin {
    case .file(let path): entries.append(("file", scalar(path)))
    case .builtin(let name): entries.append(("builtin", scalar(name)))
    }
    entries.append(("weights", optional(source.weights, "none")))
    if !source.fixedInputs.isEmpty {
      entries.append(("set", mapping(source.fixedInputs.sorted { $0.key < $1.key }.map { ($0.key, scalar($0.value)) })))
    }
    if !source.statePairs.isEmpty {
      entries.append(
        ("state-pairs", mapping(source.statePairs.sorted { $0.key < $1.key }.map { ($0.key, scalar($0.value)) })))
    }
    if !source.freeze.isEmpty { entries.append(("freeze", list(source.freeze))) }
    if source.batchNormalization != .auto {
      entries.append(("batch-norm", scalar(source.batchNormalization.rawValue)))
    }
    return mapping(entries)
  }

  private static func data(_ source: DataSource) -> SpecNode {
    guard let path = source.path else { return scalar(source.format) }
    return mapping([("format", scalar(source.format)), ("path", scalar(path))])
  }

  static func scalar(_ value: some CustomStringConvertible) -> SpecNode {
    .scalar(value.description, line: 0, isQuoted: false)
  }

  static func scalar(_ value: Double) -> SpecNode {
    let whole = value.rounded() == value && abs(value) < 1e15
    return .scalar(whole ? "\(Int(value))" : "\(value)", line: 0, isQuoted: false)
  }

  static func optional(_ value: (some CustomStringConvertible)?, _ absent: String) -> SpecNode {
    scalar(value?.description ?? absent)
  }

  static func list(_ values: [Double]) -> SpecNode { .list(values.map { scalar($0) }, line: 0) }
  static func list(_ values: [String]) -> SpecNode { .list(values.map { scalar($0) }, line: 0) }

  static func mapping(_ entries: [(String, SpecNode)]) -> SpecNode {
    .mapping(entries.map { SpecNode.Entry(key: $0.0, line: 0, value: $0.1) }, line: 0)
  }

  private static func write(_ node: SpecNode, indent: Int, into text: inout String) {
    guard case .mapping(let entries, _) = node else { return }
    let margin = String(repeating: "  ", count: indent)
    for entry in entries {
      if case .mapping = entry.value {
        text += "\(margin)\(entry.key):\n"
        write(entry.value, indent: indent + 1, into: &text)
      } else if case .list(let items, _) = entry.value, entry.key == "plans" {
        text += "\(margin)\(entry.key):\n" + items.map { "\(margin)  - \(inline($0))\n" }.joined()
      } else {
        text += "\(margin)\(entry.key): \(inline(entry.value))\n"
      }
    }
  }

  /// The text of a scalar or a list of scalars.
  static func inline(_ node: SpecNode) -> String {
    switch node {
    case .scalar(let text, _, _): quoted(text)
    case .list(let items, _): "[" + items.map(inline).joined(separator: ", ") + "]"
    case .mapping(let entries, _):
      "{" + entries.map { "\($0.key): \(inline($0.value))" }.joined(separator: ", ") + "}"
    case .null: "null"
    }
  }

  /// Plain where YAML cannot misread it.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.first != "-" && !["null", "Null", "NULL"].contains(text)
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_./+".unicodeScalars.contains($0))
      }
    if isPlain { return text }
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        result += "\\x" + (digits.count < 2 ? "0" : "") + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
