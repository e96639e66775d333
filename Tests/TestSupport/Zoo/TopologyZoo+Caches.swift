import ModelGraph

/// Keys and values of earlier steps come in, and go out with the new ones behind them.
extension TopologyZoo {
  static func cacheFamily() throws -> [Topology] {
    [
      try cached("key-value-cache", groups: [ExpectedGroup(["q", "k"], 8), ExpectedGroup(["v"], 8)]) { builder, parts in
        let keys = builder.concat("keys", [parts.pastKey, parts.k], axis: 1)
        let values = builder.concat("values", [parts.pastValue, parts.v], axis: 1)
        let scores = builder.product("scores", parts.q, builder.transpose("keys.turned", keys, [0, 2, 1]))
        return (builder.product("mix", builder.node("softmax", .softmax(axis: -1), scores), values), keys, values)
      },
      // Two heads of four: each head keeps as many elements as the other.
      try cached(
        "key-value-cache-heads", heads: 2,
        groups: [ExpectedGroup(["q", "k"], 8, blocks: 2), ExpectedGroup(["v"], 8, blocks: 2)]
      ) { builder, parts in
        let keys = builder.concat("keys", [parts.pastKey, builder.heads("k", parts.k, 2, 4)], axis: 2)
        let values = builder.concat("values", [parts.pastValue, builder.heads("v", parts.v, 2, 4)], axis: 2)
        let turned = builder.transpose("keys.turned", keys, [0, 1, 3, 2])
        let scores = builder.scale(
          "scale", builder.product("scores", builder.heads("q", parts.q, 2, 4), turned), by: 0.5)
        let mixed = builder.product("mix", builder.node("softmax", .softmax(axis: -1), scores), values)
        return (builder.reshape("merge", builder.transpose("back", mixed, [0, 2, 1, 3]), [0, 0, 8]), keys, values)
      },
      try streamed(),
    ]
  }

  /// A convolution over time by pieces of any length: the two positions before a piece come in, and its last two go out.
  private static func streamed() throws -> Topology {
    var builder = GraphBuilder("streamed-convolution", seed: 11)
    let (batch, time) = (Dimension.symbolic("batch"), Dimension.symbolic("time"))
    let input = builder.input("input", [batch, .fixed(3), time])
    let past = builder.input("past", [batch, .fixed(6), .fixed(2)])
    let x = builder.relu("relu", builder.convolution("conv1", input, inputs: 3, outputs: 6, kernel: 1, axes: 1))
    let joined = builder.concat("joined", [past, x], axis: 2)
    let y = builder.convolution("head", joined, inputs: 6, outputs: 4, kernel: 3, axes: 1)
    let next = builder.slice("next", joined, axes: [2], starts: [-2], ends: [Int(Int32.max)])
    var graph = try builder.finished(outputs: [
      (y, ValueInfo(name: "y", shape: [batch, .fixed(4), time])),
      (next, ValueInfo(name: "past_next", shape: [batch, .fixed(6), .fixed(2)])),
    ])
    graph.declaredStatePairs = ["past": "past_next"]
    return Topology(
      graph: graph, groups: [ExpectedGroup(["conv1"], 6)], pinned: ["head"],
      statePairs: [Topology.StatePair("past", "past_next")])
  }

  private struct Parts {
    var q: String
    var k: String
    var v: String
    var pastKey: String
    var pastValue: String
  }

  /// A decoder for `[N, T, 6]` with caches of width 8 in all.
  private static func cached(
    _ name: String, heads: Int = 1, groups: [ExpectedGroup],
    _ attended: (inout GraphBuilder, Parts) -> (result: String, keys: String, values: String)
  ) throws -> Topology {
    var builder = GraphBuilder(name, seed: 11)
    let (batch, time) = (Dimension.symbolic("batch"), Dimension.symbolic("time"))
    let x = builder.input("input", [batch, time, .fixed(6)])
    func shape(_ positions: String) -> [Dimension] {
      heads == 1
        ? [batch, .symbolic(positions), .fixed(8)]
        : [batch, .fixed(heads), .symbolic(positions), .fixed(8 / heads)]
    }
    let past = ["past_key", "past_value"].map { builder.input($0, shape("past")) }
    let made = ["q", "k", "v"].map { builder.matrix($0, x, inputs: 6, outputs: 8) }
    let parts = Parts(q: made[0], k: made[1], v: made[2], pastKey: past[0], pastValue: past[1])
    let attention = attended(&builder, parts)
    let y = builder.matrix("head", attention.result, inputs: 8, outputs: 4)
    let graph = try builder.finished(outputs: [
      (y, ValueInfo(name: "y", shape: [batch, time, .fixed(4)])),
      (attention.keys, ValueInfo(name: "present_key", shape: shape("grown"))),
      (attention.values, ValueInfo(name: "present_value", shape: shape("grown"))),
    ])
    return Topology(
      graph: graph, groups: groups, pinned: ["head"],
      statePairs: [Topology.StatePair("past_key", "present_key"), Topology.StatePair("past_value", "present_value")])
  }
}
