import ModelGraph

/// Recurrent layers: one unit is a hidden unit with its gates; the directions of a layer keep equal counts.
extension TopologyZoo {
  static func recurrentFamily() throws -> [Topology] {
    [
      try recurrent("lstm", features: 6, groups: [ExpectedGroup(["lstm"], 6)]) { builder, input in
        let y = builder.recurrent("lstm", input, .lstm, inputs: 5, hidden: 6).sequence
        return builder.gather("last", builder.squeeze("flat", y, axes: [1]), at: -1, axis: 0)
      },
      try recurrent("rnn-last-state", features: 6, groups: [ExpectedGroup(["rnn"], 6)]) { builder, input in
        let h = builder.recurrent(
          "rnn", input, .rnn, inputs: 5, hidden: 6, wantsSequence: false, wantsLast: true
        ).h
        return builder.squeeze("flat", h, axes: [0])
      },
      try recurrent(
        "lstm-stacked", features: 5, groups: [ExpectedGroup(["first"], 6), ExpectedGroup(["second"], 5)]
      ) { builder, input in
        let first = builder.recurrent("first", input, .lstm, inputs: 5, hidden: 6).sequence
        let x = builder.squeeze("flat1", first, axes: [1])
        let second = builder.recurrent("second", x, .lstm, inputs: 6, hidden: 5, direction: .reverse).sequence
        return builder.gather("last", builder.squeeze("flat2", second, axes: [1]), at: 0, axis: 0)
      },
      try recurrent(
        "gru-bidirectional", features: 8,
        groups: [ExpectedGroup(["first"], 12, blocks: 2), ExpectedGroup(["second"], 8, blocks: 2)]
      ) { builder, input in
        let first = builder.bidirectional("first", input, .gru, inputs: 5, hidden: 6, linearBeforeReset: true)
        let second = builder.bidirectional("second", first, .gru, inputs: 12, hidden: 4)
        return builder.reduceMean("mean", second, axes: [0], keepsAxes: false)
      },
      // Sums the directions: a unit of the one goes with the same unit of the other.
      try recurrent("lstm-summed-directions", features: 6, groups: [ExpectedGroup(["lstm"], 6)]) { builder, input in
        let y = builder.recurrent("lstm", input, .lstm, inputs: 5, hidden: 6, direction: .bidirectional).sequence
        let sum = builder.reduce("sum", y, .sum, axes: [1], keepsAxes: false)
        return builder.reduceMean("mean", sum, axes: [0], keepsAxes: false)
      },
      // The sequence is added to what the layer read, so its units go with the embedding's.
      try recurrent("gru-residual", features: 6, groups: [ExpectedGroup(["embed", "gru"], 6)]) { builder, input in
        let x = builder.matrix("embed", input, inputs: 5, outputs: 6)
        let y = builder.squeeze("flat", builder.recurrent("gru", x, .gru, inputs: 6, hidden: 6).sequence, axes: [1])
        return builder.reduceMean("mean", builder.add("add", x, y), axes: [0], keepsAxes: false)
      },
      try states("gru-states", cell: .gru), try states("lstm-states", cell: .lstm),
      // Exported for two samples at a time, and for a sequence of three.
      try states("rnn-states-batch-2", cell: .rnn, batch: .fixed(2)),
      try states("gru-states-batch-2", cell: .gru, batch: .fixed(2), time: .fixed(3)),
      try states("lstm-states-batch-2", cell: .lstm, batch: .fixed(2)),
    ]
  }

  /// For `[T, N, 5]`, with a layer "fc" to 4 classes behind the body.
  private static func recurrent(
    _ name: String, features: Int, groups: [ExpectedGroup], _ body: (inout GraphBuilder, String) -> String
  ) throws -> Topology {
    var builder = GraphBuilder(name, seed: 11)
    let input = builder.input("input", [.symbolic("time"), .symbolic("batch"), .fixed(5)])
    let x = builder.linear("fc", body(&builder, input), inputs: features, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(graph: graph, groups: groups, pinned: ["fc"])
  }

  /// The states of two layers come in and go out, and shrink with their units.
  private static func states(
    _ name: String, cell: RecurrentCell, batch: Dimension = .symbolic("batch"), time: Dimension = .symbolic("time")
  ) throws -> Topology {
    var builder = GraphBuilder(name, seed: 11)
    var x = builder.input("input", [time, batch, .fixed(5)])
    var outputs: [(value: String, info: ValueInfo)] = []
    var pairs: [Topology.StatePair] = []
    for (layer, sizes) in [(5, 6), (6, 7)].enumerated() {
      let shape = [.fixed(1), batch, .fixed(sizes.1)]
      let kinds = cell == .lstm ? ["h", "c"] : ["h"]
      let states = kinds.map { builder.input("\($0)\(layer)", shape) }
      let result = builder.recurrent(
        "layer\(layer)", x, cell, inputs: sizes.0, hidden: sizes.1, initialH: states[0],
        initialC: cell == .lstm ? states[1] : "", wantsLast: true)
      for (kind, value) in zip(kinds, [result.h, result.c]) {
        outputs.append((value, ValueInfo(name: "\(kind)\(layer)_next", shape: shape)))
        pairs.append(Topology.StatePair("\(kind)\(layer)", "\(kind)\(layer)_next"))
      }
      x = builder.squeeze("flat\(layer)", result.sequence, axes: [1])
    }
    let y = builder.matrix("head", x, inputs: 7, outputs: 4)
    outputs.insert((y, ValueInfo(name: "y", shape: [time, batch, .fixed(4)])), at: 0)
    return Topology(
      graph: try builder.finished(outputs: outputs),
      groups: [ExpectedGroup(["layer0"], 6), ExpectedGroup(["layer1"], 7)],
      pinned: ["head"], statePairs: pairs)
  }
}

extension GraphBuilder {
  /// `[T, N, inputs]` to `[T, N, 2 hidden]`, the directions side by side.
  mutating func bidirectional(
    _ name: String, _ x: String, _ cell: RecurrentCell, inputs: Int, hidden: Int, linearBeforeReset: Bool = false
  ) -> String {
    let y = recurrent(
      name, x, cell, inputs: inputs, hidden: hidden, direction: .bidirectional, linearBeforeReset: linearBeforeReset
    ).sequence
    return reshape("\(name).joined", transpose("\(name).swap", y, [0, 2, 1, 3]), [0, 0, 2 * hidden])
  }
}
