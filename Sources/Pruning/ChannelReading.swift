import ChannelGroups
import ModelGraph

/// A node that sums over channels that can leave, each times a column of its kernel.
struct ChannelReading {
  /// Its position among the graph's nodes.
  let node: Int
  let columns: KernelColumns
  /// The value that is read, and the axes on which its channels lie.
  let face: ChannelRanges.Face
  /// For each entry along these axes the unit that it belongs to; nil where nothing can leave.
  let units: [UnitPlace?]

  /// Every reading of the network, in its order. Readers that mix channels (recurrent layers, attention, normalisations over
  /// channels) are not among them.
  static func all(in graph: Graph, _ analysis: ChannelAnalysis) throws -> [ChannelReading] {
    let shapes = try graph.shapes(binding: graph.sampleBinding())
    let readers = graph.consumers()
    var result: [ChannelReading] = []
    for (index, node) in graph.nodes.enumerated() {
      for (position, input) in node.inputs.enumerated() where !input.isEmpty {
        for label in analysis.unitLabels(of: input) where label.units.contains(where: { $0 != nil }) {
          guard
            case .contracts(let columns) = node.channelUse(
              of: position, along: label.axes, in: graph, readers: readers, shapes: shapes)
          else { continue }
          result.append(
            ChannelReading(
              node: index, columns: columns, face: ChannelRanges.Face(value: input, axes: label.axes),
              units: label.units))
        }
      }
    }
    return result
  }
}
