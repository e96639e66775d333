import ChannelGroups
import ModelGraph
import StudyModel

/// Whether a network has anything that a plan may take: a plan that finds nothing is a mistake, one whose share is too
/// small is not.
package enum PrunableParts {
  /// Throws `SelectionError(.nothingFound)`, which says what was looked for and why nothing was found, when no unit or weight of
  /// the granularity may leave under the layer set. What is pinned counts as none. `analysis` is the network's own at a
  /// granularity that is structured, made where it is not given.
  package static func check(
    _ graph: Graph, granularity: Granularity, layers set: LayerSet, analysis: StructuralAnalysis? = nil
  ) throws {
    let layers = LayerAdmission(set, graph: graph)
    let reason: String?
    if granularity.isStructured {
      reason = missing(try analysis ?? StructuralAnalysis(graph, granularity: granularity), layers)
    } else {
      reason = missing(granularity, graph.prunableWeights(), layers)
    }
    guard let reason else { return }
    let places = granularity.isStructured ? " --granularity \(granularity.rawValue)" : ""
    throw SelectionError(
      .nothingFound,
      "Nothing of '\(graph.name)' can be pruned by granularity '\(granularity.rawValue)': \(reason).",
      remedy: "See `coppice inspect\(places)` for what the network has; take another granularity or other layers.")
  }

  private static func missing(_ analysis: StructuralAnalysis, _ layers: LayerAdmission) -> String? {
    if analysis.groups.contains(where: { $0.admitted(by: layers) != nil }) { return nil }
    let what: String
    switch analysis {
    case .channels(let channels):
      switch channels.kind {
      case .channel: what = "channels that can be removed"
      case .head: what = "attention heads or groups of grouped convolutions that can be removed"
      case .recurrent: what = "units of recurrent layers that can be removed"
      }
    case .branches: what = "residual branches that can be removed"
    }
    guard analysis.groups.isEmpty else {
      return
        "it has \(what), of \(names(analysis.groups.map { "'\($0.name)'" })), and the layer set admits none of them"
    }
    guard !analysis.pinnedGroups.isEmpty else { return "it was searched for \(what), and has none" }
    let pinned = analysis.pinnedGroups.map { "'\($0.name)' (\($0.pinned ?? "it is kept"))" }
    return "it was searched for \(what), and all stay: \(names(pinned))"
  }

  private static func missing(
    _ granularity: Granularity, _ weights: [PrunableWeight], _ layers: LayerAdmission
  ) -> String? {
    if weights.isEmpty { return "it was searched for kernels of convolutions and matrix products, and has none" }
    let admitted = weights.filter { layers.contains($0.layer) }
    if admitted.isEmpty {
      return "it has the kernels \(names(weights.map { "'\($0.weight)'" })), and the layer set admits none of them"
    }
    if admitted.contains(where: { $0.canLose(granularity) }) { return nil }
    let sizes = admitted.map { "'\($0.weight)' of \($0.shape.map(String.init).joined(separator: "x"))" }
    switch granularity {
    case .nOfM(_, let run): return "no kernel has \(run) inputs, of which a run is made: \(names(sizes))"
    case .block: return "every kernel is one block, and one block must stay: \(names(sizes))"
    case .element: return "every kernel is a single weight, and one weight must stay: \(names(sizes))"
    case .channel, .head, .unit, .layer: return nil
    }
  }

  /// The first three.
  private static func names(_ all: [String]) -> String {
    all.prefix(3).joined(separator: ", ") + (all.count > 3 ? " and \(all.count - 3) more" : "")
  }
}

extension PrunableWeight {
  /// True when something of the weight may become zeros: a whole run, or more than the one cell that stays.
  fileprivate func canLose(_ granularity: Granularity) -> Bool {
    switch granularity {
    case .element: return count > 1
    case .nOfM(_, let run): return axes.input.map { shape.indices.contains($0) && shape[$0] >= run } ?? false
    case .block(let rows, let columns):
      let matrix = KernelMatrix(self)
      return matrix.count > 1 || matrix.rows > rows || matrix.columns > columns
    case .channel, .head, .unit, .layer: return false
    }
  }
}
