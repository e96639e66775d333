import ArgumentParser
import StudyModel

/// What leaves, and how much of it.
struct AmountOptions: ParsableArguments {
  @Option(help: "The share to remove: from 0 to below 1.")
  var sparsity: Double?

  @Option(help: ArgumentHelp("Instead of a share: remove everything whose score is below this.", valueName: "score"))
  var threshold: Double?

  @Option(
    help: ArgumentHelp(
      "What --sparsity is a share of: channels (or what the granularity counts), parameters or macs.",
      valueName: "measure"))
  var target: Target?

  @Option(
    help: ArgumentHelp(
      "What to remove: channel, head, unit (of recurrent layers), layer; or set single weights to zero: element, N:M such as 2:4, "
        + "'block 4x1'. channel when left out.",
      valueName: "name"))
  var granularity: Granularity?

  @Option(
    help: ArgumentHelp(
      """
      Where importance is compared: over all layers together (global), within each layer, so that each loses the same share \
      (local; per-group is the same here), within the weights of each output (row), or within the least important layers only \
      (layers-then-weights). global when left out.
      """, valueName: "name"))
  var scope: Scope?

  @Option(
    help: ArgumentHelp(
      "The share of layers that --scope layers-then-weights prunes; a third when left out.", valueName: "share"))
  var layerShare: Double?

  @Option(help: ArgumentHelp("Keep a multiple of this many channels in every layer.", valueName: "count"))
  var roundTo: Int?

  enum Target: String, ExpressibleByArgument, CaseIterable {
    case channels, parameters, macs

    var measure: SparsityMeasure {
      switch self {
      case .channels: .units
      case .parameters: .parameters
      case .macs: .macs
      }
    }
  }

  /// The options that stand on the command line.
  var given: [String] {
    [
      sparsity.map { _ in "--sparsity" }, threshold.map { _ in "--threshold" }, target.map { _ in "--target" },
      granularity.map { _ in "--granularity" }, scope.map { _ in "--scope" },
      layerShare.map { _ in "--layer-share" }, roundTo.map { _ in "--round-to" },
    ].compactMap { $0 }
  }

  var effectiveGranularity: Granularity { granularity ?? .channel }
  var effectiveScope: Scope { scope == .perGroup ? .local : scope ?? .global }

  /// Nil when nothing says how much leaves.
  var amount: Sparsity? {
    if let threshold { return .threshold(threshold) }
    if let sparsity { return .uniform(sparsity) }
    switch effectiveGranularity {
    case .nOfM(let kept, let of): return .uniform(Double(of - kept) / Double(of))
    case .channel, .element, .block, .head, .unit, .layer: return nil
    }
  }

  func validate() throws {
    if let sparsity, !(sparsity >= 0 && sparsity < 1) {
      throw ValidationError("--sparsity must be from 0 to below 1, not \(sparsity).")
    }
    if let threshold, !threshold.isFinite {
      throw ValidationError("--threshold must be a finite number, not \(threshold).")
    }
    if sparsity != nil, threshold != nil {
      throw ValidationError("--threshold and --sparsity cannot be used together: both say how much to remove.")
    }
    if let layerShare {
      guard layerShare > 0, layerShare <= 1 else {
        throw ValidationError("--layer-share must be above 0 and at most 1, not \(layerShare).")
      }
      guard scope == .layersThenWeights else {
        throw ValidationError("--layer-share needs --scope layers-then-weights.")
      }
    }
    if let roundTo, roundTo < 1 { throw ValidationError("--round-to must be at least 1, not \(roundTo).") }
    guard let target, target != .channels else { return }
    if threshold != nil {
      throw ValidationError("--target cannot be used with --threshold, which aims at no number of \(target.rawValue).")
    }
    if !effectiveScope.hasOneRanking {
      throw ValidationError("--target \(target.rawValue) needs one ranking over all layers: --scope global.")
    }
    if effectiveGranularity.isNOfM {
      throw ValidationError(
        "--target cannot be used with --granularity \(effectiveGranularity.rawValue), which removes a share of its own."
      )
    }
    if target == .macs, !effectiveGranularity.isStructured {
      throw ValidationError(
        "--target macs cannot be used with --granularity \(effectiveGranularity.rawValue): zeros save no MACs. "
          + "Take --target parameters.")
    }
  }
}

extension Granularity: ExpressibleByArgument {}
extension Scope: ExpressibleByArgument {}
