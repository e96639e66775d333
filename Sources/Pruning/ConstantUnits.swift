import ChannelGroups
import GraphRuntime
import ModelGraph
import Tensors

/// Units that are constant by their weights, whatever the input: all kernels and tables that make them are zero, and what their
/// readers get of them is the same for two made-up inputs (a constant that is multiplied with the input is none).
struct ConstantUnits {
  /// By group name.
  private(set) var units: [String: Set<Int>] = [:]
  /// What is read on one of these inputs, see `ReadingSums`; empty where there are no such units.
  private(set) var means: [ChannelRanges.Face: Tensor] = [:]

  /// `readings` are those of `graph`, the network as `module` holds it. Two evaluations, or none.
  init(_ module: GraphModule, analysis: ChannelAnalysis, graph: Graph, readings: [ChannelReading]) throws {
    units = analysis.groups.reduce(into: [:]) { result, group in
      let silent = group.units.indices.filter { Self.isOfZeros(group.units[$0], graph) }
      if !silent.isEmpty { result[group.name] = Set(silent) }
    }
    guard !units.isEmpty else { return }
    let passes = try [MadeUpInput.ones, .noise].map { input in
      var sums = ReadingSums(readings, in: graph)
      try input.run(module, observing: sums.values) { try sums.add($0, $1) }
      return try sums.means()
    }
    means = passes[0]
    for reading in readings {
      guard let first = passes[0][reading.face], let second = passes[1][reading.face] else { continue }
      let others = (0..<first.rank).filter { $0 != (first.rank > 1 ? 1 : 0) }
      let isSame = try first.eq(second).to(.float64)
      let same = try (others.isEmpty ? isSame : isSame.min(others)).contiguous().doubles
      for case (let place?, 0) in zip(reading.units, same) {
        units[analysis.groups[place.group].name]?.remove(place.unit)
      }
    }
  }

  func contains(_ unit: Int, of group: String) -> Bool { units[group]?.contains(unit) == true }

  /// Weights of two axes or more that make the unit: kernels and tables, not biases and scales.
  private static func isOfZeros(_ unit: ChannelUnit, _ graph: Graph) -> Bool {
    let slices = unit.slices.filter { $0.isOutput && (graph.weights[$0.weight]?.shape.count ?? 0) > 1 }
    return !slices.isEmpty && slices.allSatisfy { graph.weights[$0.weight]?.isZero($0) ?? false }
  }
}
