import ChannelGroups
import GraphRuntime
import ModelGraph
import Selection
import StudyModel
import Support
import Tensors
import Training

/// Means of what layers read, from which the biases of a channel's readers take over what it says on average when it leaves.
///
/// A channel that leaves is read as zero from then on, and what it said on average is gone with it, unless a batch normalisation
/// behind the reader is measured anew. So each reader's result is moved by the mean of what the channels that leave added to it,
/// over the calibration samples and over all positions of the result: of all constants the one with the least squared error.
/// For a channel that is the same number everywhere, read without padding, nothing is lost at all. Zero padding takes less of a
/// channel to the result's border than to its middle; a bias is one number for both, so there the mean over all positions is
/// right and each single position only nearly.
///
/// The constant goes into the reader's bias, into a vector that is added next, or into the mean of the batch normalisation
/// behind it; a reader without any gets a bias. A bias that other layers share stays, and so do readers that mix channels
/// (recurrent layers, attention, normalisations over channels): these read zero.
package struct MeanReplacement {
  /// For convolutions `[1, C, ...]`, the mean over samples; for matrices the mean of each entry, `[K]`.
  private enum Mean {
    case image(Tensor)
    case vector([Double])
  }

  private var means: [ChannelRanges.Face: Mean] = [:]
  /// Where not nil, only these units have means: those that are constant by their weights, by group name.
  private var constants: [String: Set<Int>]?

  /// Measures the network as `module` holds it, `analysis` being its own. Without data two made-up inputs take the place of the
  /// calibration samples, and only units whose kernels are all zero and which are the same on both count: they are constant
  /// whatever the input.
  package init(
    _ module: GraphModule, analysis: ChannelAnalysis, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration(), progress: WorkProgress = .unwatched
  ) throws {
    let graph = try module.exportedGraph()
    let readings = try ChannelReading.all(in: graph, analysis)
    guard data == nil else {
      let context = ScoringContext(
        module: module, data: data, seed: seed, calibration: calibration, progress: progress)
      var sums = ReadingSums(readings, in: graph)
      try context.forEachForward(observing: sums.values) { value, tensor, _ in try sums.add(value, tensor) }
      means = try sums.means().mapValues { try Self.mean($0) }
      return
    }
    let known = try ConstantUnits(module, analysis: analysis, graph: graph, readings: readings)
    means = try known.means.mapValues { try Self.mean($0) }
    constants = known.units
  }

  /// The network with the means of units that leave in their readers' biases; nil where no reader's result moves. `analysis` is
  /// of `graph`, which may have other biases than the network that was measured, and zeros where its units say nothing.
  package func filled(
    _ graph: Graph, analysis: StructuralAnalysis, keeping: [String: [Int]]
  ) throws -> Graph? {
    guard case .channels(let analysis) = analysis else { return nil }
    let leaving = analysis.groups.map { group -> Set<Int> in
      guard let kept = keeping[group.name] else { return [] }
      let gone = Set(group.units.indices).subtracting(kept)
      return constants.map { gone.intersection($0[group.name] ?? []) } ?? gone
    }
    guard leaving.contains(where: { !$0.isEmpty }) else { return nil }
    var folding = BiasFolding(graph)
    var hasChanged = false
    for reading in try ChannelReading.all(in: graph, analysis) {
      let gone = reading.units.map { $0.map { leaving[$0.group].contains($0.unit) } ?? false }
      guard gone.contains(true), let mean = means[reading.face] else { continue }
      let growth = try growth(reading, of: gone, mean, in: graph)
      guard growth.contains(where: { $0 != 0 }), growth.allSatisfy(\.isFinite) else { continue }
      if folding.add(growth, toNode: reading.node, reading.columns) != nil { hasChanged = true }
    }
    return hasChanged ? folding.finished() : nil
  }

  /// What the entries in `gone` add to each output of the reader on average, before its factor and bias.
  private func growth(_ reading: ChannelReading, of gone: [Bool], _ mean: Mean, in graph: Graph) throws -> [Double] {
    switch mean {
    case .image(let image):
      let flags = try Tensor(
        floats: gone.map { $0 ? 1 : 0 }, shape: [1, gone.count] + image.shape.dropFirst(2).map { _ in 1 })
      return try Self.run(graph.nodes[reading.node], on: image.mul(flags), in: graph)
    case .vector(let values):
      guard let weights = graph.weights[reading.columns.weight]?.floats, values.count == gone.count else { return [] }
      var growth = [Double](repeating: 0, count: reading.columns.outputCount)
      for (entry, isGone) in gone.enumerated() where isGone {
        for (output, elements) in reading.columns.column(entry) {
          growth[output] += weights[elements].reduce(0) { $0 + Double($1) } * values[entry]
        }
      }
      return growth
    }
  }

  /// The convolution without its bias on one image, the mean over all positions for each output channel. A convolution of a
  /// mean is the mean of the convolutions.
  private static func run(_ node: Node, on image: Tensor, in graph: Graph) throws -> [Double] {
    var single = node
    single.inputs = Array(node.inputs.prefix(2))
    single.outputs = Array(node.outputs.prefix(1))
    let module = try GraphModule(
      Graph(
        name: node.name,
        inputs: [ValueInfo(name: node.inputs[0], shape: image.shape.map { .fixed($0) })],
        outputs: [ValueInfo(name: node.outputs[0], shape: image.shape.map { _ in .symbolic("size") })],
        nodes: [single], weights: graph.weights.filter { $0.key == node.inputs[1] }))
    let result = try module.infer(image).to(.float64)
    return try (result.rank > 2 ? result.mean(Array(2..<result.rank)) : result).reshape([-1]).contiguous().doubles
  }

  private static func mean(_ tensor: Tensor) throws -> Mean {
    tensor.rank > 1 ? .image(try tensor.to(.float32).to(.cpu)) : .vector(try tensor.contiguous().doubles)
  }
}
