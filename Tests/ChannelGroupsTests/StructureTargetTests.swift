import ChannelGroups
import ModelGraph
import Selection
import StudyModel
import Support
import TestSupport
import Testing

/// Shares of parameters and of multiply-accumulates for heads, recurrent units and whole layers, against brute force: after every
/// step the network is really cut and counted.
@Suite struct StructureTargetTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let graph: Graph
    let granularity: Granularity
    var testDescription: String { "\(granularity.rawValue) of \(name)" }
  }

  static func cases() throws -> [Case] {
    let units = ["lstm-stacked", "gru-bidirectional", "lstm-states"].compactMap { name in
      TopologyTests.zoo.first { $0.graph.name == name }.map { Case(name: name, graph: $0.graph, granularity: .unit) }
    }
    return units + [
      Case(name: "two blocks", graph: try blocks(), granularity: .head),
      Case(name: "two blocks", graph: try blocks(), granularity: .layer),
      Case(name: "resnet20", graph: try BuiltinNetworks.graph(named: "resnet20"), granularity: .layer),
    ]
  }

  /// Two blocks of attention, of four heads of two elements and of six queries' heads on three of keys.
  private static func blocks() throws -> Graph {
    var builder = GraphBuilder("blocks", seed: 11)
    let input = builder.input("input", [.symbolic("batch"), .fixed(5), .fixed(6)])
    var x = builder.matrix("embed", input, inputs: 6, outputs: 8)
    for (position, (heads, keys, size)) in [(4, 4, 2), (6, 3, 4)].enumerated() {
      func product(_ name: String, _ count: Int) -> String {
        builder.matrix("\(name)\(position)", x, inputs: 8, outputs: count * size)
      }
      let (q, k, v) = (product("q", heads), product("k", keys), product("v", keys))
      let operation = Attention(queryHeads: heads, keyValueHeads: keys)
      let y = builder.node("attention\(position)", .attention(operation), q, k, v)
      x = builder.add("sum\(position)", x, builder.matrix("proj\(position)", y, inputs: heads * size, outputs: 8))
    }
    x = builder.linear("fc", builder.reduceMean("mean", x, axes: [1], keepsAxes: false), inputs: 8, outputs: 4)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
  }

  @Test(arguments: try cases(), [SparsityMeasure.parameters, .macs])
  func targetsAreMetWithinOneStep(_ network: Case, measure: SparsityMeasure) throws {
    let graph = network.graph
    let analysis = try StructuralAnalysis(graph, granularity: network.granularity)
    func counted(_ kept: [String: [Int]]) throws -> Int {
      let small = try analysis.compacted(graph, keeping: kept)
      return measure == .macs ? try small.multiplyAccumulates() : small.parameterCount
    }
    let whole = Dictionary(uniqueKeysWithValues: analysis.groups.map { ($0.name, Array($0.units.indices)) })
    let dense = try counted(whole)
    var reached = 0
    for seed in 1...4 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed, stream: "structure targets")
      var scores: GroupScores = [:]
      for group in analysis.groups { scores[group.name] = group.units.map { _ in Float(generator.uniform()) } }
      // What is left after each step of taking the least important away.
      var chain = [whole]
      while let last = chain.last, let next = Self.next(after: last, analysis.groups, scores) { chain.append(next) }
      let sizes = try chain.map(counted)
      #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 > $1 })
      for share in [0, 0.1, 0.3, 0.5, 0.8, 0.98] {
        let plan = PruningPlan(
          criterion: .l1, ranking: Ranking(normalization: Normalization.none), granularity: network.granularity,
          scope: .global, sparsity: .uniform(share), measure: measure)
        let outcome = try PlanSelection.outcome(
          groups: analysis.groups, scores: scores, plan: plan, measure: analysis.measure(keeping:))
        let target = Int((Double(dense) * (1 - share) + 1e-9).rounded(.down))
        let step = sizes.firstIndex { $0 <= target } ?? sizes.count - 1
        #expect(outcome.kept == chain[step], "share \(share), seed \(seed)")
        #expect(outcome.target == target && outcome.achieved == sizes[step])
        #expect(outcome.reached.measure == measure && outcome.reached.isReached == (sizes[step] <= target))
        #expect(outcome.previous == (step > 0 ? sizes[step - 1] : nil))
        if step > 0, outcome.reached.isReached {
          #expect(sizes[step - 1] > target)
          reached += 1
        }
      }
    }
    #expect(reached > 0)
  }

  /// The cheapest step of all groups: the least important unit, or one of each block of a group whose blocks keep equal counts; at
  /// least one stays of each.
  private static func next(
    after kept: [String: [Int]], _ groups: [ChannelGroup], _ scores: GroupScores
  ) -> [String: [Int]]? {
    var best: (score: Double, group: String, units: [Int])?
    for group in groups {
      let blocks = group.blocks.isEmpty ? [Array(group.units.indices)] : group.blocks
      let staying = Set(kept[group.name] ?? [])
      let leaving = blocks.compactMap { block -> Int? in
        let left = block.filter(staying.contains)
        guard left.count > 1 else { return nil }
        return left.min { (scores[group.name]?[$0] ?? 0) < (scores[group.name]?[$1] ?? 0) }
      }
      guard leaving.count == blocks.count else { continue }
      let score = leaving.reduce(0.0) { $0 + Double(scores[group.name]?[$1] ?? 0) } / Double(blocks.count)
      if best.map({ score < $0.score }) ?? true { best = (score, group.name, leaving) }
    }
    guard let best else { return nil }
    var result = kept
    result[best.group]?.removeAll(where: best.units.contains)
    return result
  }
}
