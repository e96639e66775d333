import ChannelGroups
import ModelGraph
import StudyModel

extension StructuralAnalysis {
  /// What can leave of a network at a plan's granularity; layers whose name satisfies `isExcluded` stay. Throws `GraphError`, and
  /// `SelectionError` for a granularity under which weights only become zeros.
  package init(
    _ graph: Graph, granularity: Granularity, excluding isExcluded: (String) -> Bool = { _ in false }
  ) throws {
    switch granularity {
    case .channel: self = .channels(try ChannelAnalysis(graph, kind: .channel, excluding: isExcluded))
    case .head: self = .channels(try ChannelAnalysis(graph, kind: .head, excluding: isExcluded))
    case .unit: self = .channels(try ChannelAnalysis(graph, kind: .recurrent, excluding: isExcluded))
    case .layer: self = .branches(try ResidualBranches(graph, excluding: isExcluded))
    case .element, .nOfM, .block:
      throw SelectionError(
        .wrongGranularity, "Granularity '\(granularity.rawValue)' makes zeros; nothing leaves the network.",
        remedy: "Take channel, head, unit or layer.")
    }
  }
}
