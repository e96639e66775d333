import ChannelGroups
import ModelGraph
import StudyModel

/// Scores of whole residual branches by a criterion that judges weights or channels: a mean over what the branch is made of, so that
/// its size does not decide.
///
/// Where single weights can be judged, the mean over the elements of all kernels that the branch owns. Where only channels can, each
/// kernel's rows are judged as the channels of a group of their own, with their bias and the batch normalisation behind them, and
/// the score is the mean over all rows. Biases and normalisations count only there. A branch without kernels scores 0.
enum BranchScores {
  /// One score for each unit of a group of branches.
  static func scores(
    of group: ChannelGroup, by importance: any ImportanceCriterion, in context: ScoringContext
  ) throws -> [Float] {
    if importance.criterion == .random {
      return try importance.channelScores(of: [group], in: context)[group.name] ?? []
    }
    let parts =
      importance.criterion.judgesElements
      ? try elementParts(group, importance, context) : try rowParts(group, importance, context)
    return parts.map { lists in
      let count = lists.reduce(0) { $0 + $1.count }
      return count == 0 ? 0 : Float(lists.joined().reduce(0.0) { $0 + Double($1) } / Double(count))
    }
  }

  /// For each branch, the scores of its kernels' elements.
  private static func elementParts(
    _ group: ChannelGroup, _ importance: any ImportanceCriterion, _ context: ScoringContext
  ) throws -> [[[Float]]] {
    let kernels = group.units.map { $0.slices.map(\.weight).filter(context.kernels.contains) }
    let scores = try importance.elementScores(of: Set(kernels.joined()).sorted(), in: context)
    return kernels.map { $0.compactMap { scores[$0] } }
  }

  /// For each branch, the scores of its layers' rows.
  private static func rowParts(
    _ group: ChannelGroup, _ importance: any ImportanceCriterion, _ context: ScoringContext
  ) throws -> [[[Float]]] {
    let graph = context.module.graph
    let consumers = graph.consumers()
    var groups: [String: ChannelGroup] = [:]
    for node in graph.nodes {
      guard let rows = rows(of: node, graph, consumers, context) else { continue }
      groups[node.name] = ChannelGroup(name: node.name, layers: [node.name], units: rows)
    }
    let wanted = group.units.map { $0.layers.compactMap { groups[$0] } }
    var seen = Set<String>()
    let all = wanted.joined().filter { seen.insert($0.name).inserted }
    let scores = try importance.channelScores(of: all, in: context)
    return wanted.map { $0.compactMap { scores[$0.name] } }
  }

  /// A layer's output channels, each with its row of the kernel, its bias and its entries of the batch normalisation that alone reads
  /// it.
  private static func rows(
    of node: Node, _ graph: Graph, _ consumers: [String: [Int]], _ context: ScoringContext
  ) -> [ChannelUnit]? {
    guard
      let position = node.kernelPositions.first(where: {
        $0 < node.inputs.count && context.kernels.contains(node.inputs[$0])
      }),
      let shape = graph.weights[node.inputs[position]]?.shape, shape.count > 1
    else { return nil }
    let axis =
      switch node.op {
      case .transposedConvolution, .recurrent: 1
      case .gemm(let gemm): gemm.transposesB == (position == 1) ? 0 : 1
      case .matrixProduct: position == 1 ? shape.count - 1 : 0
      default: 0
      }
    var vectors = node.inputs.dropFirst(2).filter { graph.weights[$0]?.shape == [shape[axis]] }
    let readers = consumers[node.outputs[0]] ?? []
    if readers.count == 1, case .batchNormalization = graph.nodes[readers[0]].op {
      vectors += graph.nodes[readers[0]].inputs.dropFirst().filter { graph.weights[$0]?.shape == [shape[axis]] }
    }
    return (0..<shape[axis]).map { row in
      let own = WeightSlice(weight: node.inputs[position], axis: axis, indices: [row], isOutput: true)
      return ChannelUnit(
        slices: [own] + vectors.map { WeightSlice(weight: $0, axis: 0, indices: [row], isOutput: true) })
    }
  }
}
