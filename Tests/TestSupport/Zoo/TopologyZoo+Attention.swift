import ModelGraph

/// Ways to write attention. Q and K leave per position of a head, V with the output projection's columns; heads keep equal counts.
extension TopologyZoo {
  static func attentionFamily() throws -> [Topology] {
    [
      try sequence(
        "attention",
        groups: [
          ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["q", "k"], 8, blocks: 2),
          ExpectedGroup(["v"], 8, blocks: 2),
        ]
      ) { builder, x in
        let (q, k, v) = builder.queries(x, memory: x)
        return builder.add("add", x, builder.attended(q, k, v))
      },
      // One product makes Q, K and V, which are parts of its columns.
      try sequence(
        "attention-packed",
        groups: [
          ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["qkv"], 8, blocks: 2),
          ExpectedGroup(["qkv"], 8, name: "qkv#2", blocks: 2),
        ]
      ) { builder, x in
        let packed = builder.matrix("qkv", x, inputs: 8, outputs: 24)
        let parts = builder.split("parts", packed, sizes: [8, 8, 8], axis: -1)
        return builder.add("add", x, builder.attended(parts[0], parts[1], parts[2]))
      },
      // The same cut by one reshape into Q, K and V and heads: all six rows keep equal counts, and those of Q and K are one.
      try sequence(
        "attention-packed-rows",
        groups: [
          ExpectedGroup(["embed", "proj"], 8),
          ExpectedGroup(["qkv"], 16, blocks: 4, floors: [Array(0..<8), Array(8..<16)]),
        ]
      ) { builder, x in
        let (q, k, v) = builder.packedRows(x)
        return builder.add("add", x, builder.attendedHeads(q, k, v))
      },
      // A constant mask keeps what comes later out; time is fixed.
      try sequence(
        "attention-causal", time: .fixed(3),
        groups: [
          ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["q", "k"], 8, blocks: 2),
          ExpectedGroup(["v"], 8, blocks: 2),
        ]
      ) { builder, x in
        let (q, k, v) = builder.queries(x, memory: x)
        let rows = builder.weight("rows", TensorData(shape: [3, 1], integers: [0, 1, 2]))
        let late = builder.node("late", .elementwise(.less), rows, builder.integers("columns", [0, 1, 2]))
        let never = builder.scalar("never", -1e9)
        let y = builder.attended(q, k, v) { builder, scores in
          builder.node("masked", .select, late, never, scores)
        }
        return builder.add("add", x, y)
      },
      // Two heads of K and V serve four of Q: a unit is a position of a K head and of both Q heads that it serves.
      try sequence(
        "attention-grouped-query",
        groups: [
          ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["q", "k"], 6, blocks: 2),
          ExpectedGroup(["v"], 6, blocks: 2),
        ]
      ) { builder, x in
        let q = builder.heads("q", builder.matrix("q", x, inputs: 8, outputs: 12), 4, 3)
        let k = builder.repeated("k", builder.matrix("k", x, inputs: 8, outputs: 6), heads: 2, size: 3, times: 2)
        let v = builder.repeated("v", builder.matrix("v", x, inputs: 8, outputs: 6), heads: 2, size: 3, times: 2)
        let y = builder.attendedHeads(q, builder.transpose("k.turned", k, [0, 1, 3, 2]), v, width: 12)
        return builder.add("add", x, y)
      },
      // Turned by position: element i of every head meets the same angle, and element i + 2.
      try sequence(
        "attention-rotary", time: .fixed(3),
        groups: [
          ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["q", "k"], 2), ExpectedGroup(["v"], 8, blocks: 2),
        ]
      ) { builder, x in
        let (q, k, v) = builder.queries(x, memory: x)
        let angles = builder.angles(time: 3, size: 4)
        let turnedQ = builder.rotated("q", builder.heads("q", q, 2, 4), angles, size: 4)
        let turnedK = builder.rotated("k", builder.heads("k", k, 2, 4), angles, size: 4)
        let heads = builder.heads("v", v, 2, 4)
        return builder.add(
          "add", x, builder.attendedHeads(turnedQ, builder.transpose("k.turned", turnedK, [0, 1, 3, 2]), heads))
      },
      // Swin's second version: each head's bias comes from positions through a small network of its own, whose last layer has an
      // output for each head. The heads stay, and what is in them may leave all the same.
      try sequence(
        "attention-bias-network", time: .fixed(3),
        groups: [
          ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["bias_up"], 5),
          ExpectedGroup(["qkv"], 16, blocks: 4, floors: [Array(0..<8), Array(8..<16)]),
        ], pinned: ["bias_down"]
      ) { builder, x in
        let distances = builder.constant("distances", [1, 5, 2])
        let y = builder.relu("bias_relu", builder.matrix("bias_up", distances, inputs: 2, outputs: 5))
        let table = builder.reshape("table", builder.matrix("bias_down", y, inputs: 5, outputs: 2), [5, 2])
        let cells = builder.weight("cells", TensorData(shape: [3, 3], integers: [2, 1, 0, 3, 2, 1, 4, 3, 2]))
        let bias = builder.transpose("bias", builder.node("pick", .gather(axis: 0), table, cells), [2, 0, 1])
        let (q, k, v) = builder.packedRows(x)
        let attended = builder.attendedHeads(q, k, v) { builder, scores in builder.add("biased", scores, bias) }
        return builder.add("add", x, attended)
      },
      // As one operator, heads side by side, with the scale that follows from the size.
      try sequence(
        "attention-operator",
        groups: [
          ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["q", "k"], 8, blocks: 2),
          ExpectedGroup(["v"], 8, blocks: 2),
        ]
      ) { builder, x in
        let (q, k, v) = builder.queries(x, memory: x)
        let y = builder.node("attention", .attention(Attention(queryHeads: 2, keyValueHeads: 2)), q, k, v)
        return builder.add("add", x, builder.matrix("proj", y, inputs: 8, outputs: 8))
      },
      try crossAttention(),
    ]
  }

  /// The decoder's queries meet the encoder's keys and values, at other lengths.
  private static func crossAttention() throws -> Topology {
    var builder = GraphBuilder("encoder-decoder", seed: 11)
    let source = builder.input("source", [.symbolic("batch"), .symbolic("time"), .fixed(5)])
    let target = builder.input("target", [.symbolic("batch"), .symbolic("steps"), .fixed(6)])
    var memory = builder.relu("relu", builder.matrix("source_embed", source, inputs: 5, outputs: 8))
    memory = builder.layerNormalization("norm1", memory, size: 8)
    var x = builder.matrix("target_embed", target, inputs: 6, outputs: 8)
    let (q, k, v) = builder.queries(builder.layerNormalization("norm2", x, size: 8), memory: memory)
    x = builder.add("add", x, builder.attended(q, k, v))
    x = builder.matrix("head", x, inputs: 8, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .symbolic("steps"), .fixed(4)])
    return Topology(
      graph: randomized(graph, seed: 5),
      groups: [
        ExpectedGroup(["source_embed"], 8), ExpectedGroup(["target_embed", "proj"], 8),
        ExpectedGroup(["q", "k"], 8, blocks: 2), ExpectedGroup(["v"], 8, blocks: 2),
      ], pinned: ["head"])
  }
}
