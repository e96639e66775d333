import ModelGraph

/// Channels that are reordered, repeated, split and cut.
extension TopologyZoo {
  static func reindexingFamily() throws -> [Topology] {
    [
      try network(
        "split-operator", features: 4,
        groups: [
          ExpectedGroup(["conv1"], 9, floors: [[0, 1], [2, 3, 4], [5, 6, 7, 8]]), ExpectedGroup(["a", "b", "c"], 4),
        ]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 9)
        let parts = builder.split("parts", x, sizes: [2, 3, 4], axis: 1)
        let a = builder.unit("a", parts[0], inputs: 2, outputs: 4)
        let b = builder.unit("b", parts[1], inputs: 3, outputs: 4)
        let c = builder.unit("c", parts[2], inputs: 4, outputs: 4)
        return builder.add("sum2", builder.add("sum1", a, b), c)
      },
      // One layer's channels in another order: the first meets the fourth, and so on.
      try network(
        "permuted", features: 5, groups: [ExpectedGroup(["conv1", "conv2"], 6), ExpectedGroup(["conv3"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        let y = builder.unit("conv2", input, inputs: 3, outputs: 6)
        let turned = builder.gather("turned", x, at: [5, 0, 3, 1, 2, 4], axis: 1)
        return builder.unit("conv3", builder.add("add", turned, y), inputs: 6, outputs: 5)
      },
      // Added to itself back to front, the first channel goes with the last.
      try network(
        "reversed-sum", features: 5, groups: [ExpectedGroup(["conv1"], 3), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        let far = Int(Int32.max)
        let back = builder.slice("back", x, axes: [1], starts: [-1], ends: [-far], steps: [-1])
        return builder.unit("conv2", builder.add("add", back, x), inputs: 6, outputs: 5)
      },
      // Repeated whole by Tile: each channel is read at two places.
      try network(
        "tiled", features: 5, groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 4)
        return builder.unit("conv2", builder.tile("tile", x, [1, 2, 1, 1]), inputs: 8, outputs: 5)
      },
      // The gate comes from linear layers and gets its image axes by a reshape.
      try network(
        "squeeze-excite-linear", features: 6,
        groups: [ExpectedGroup(["conv1", "expand"], 8), ExpectedGroup(["squeeze"], 3), ExpectedGroup(["conv2"], 6)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        var gate = builder.reduceMean("squeezed", x, axes: [2, 3], keepsAxes: false)
        gate = builder.relu("relu", builder.linear("squeeze", gate, inputs: 8, outputs: 3))
        gate = builder.linear("expand", gate, inputs: 3, outputs: 8)
        gate = builder.reshape("image", builder.node("sigmoid", .activation(.sigmoid), gate), [0, 8, 1, 1])
        return builder.unit("conv2", builder.multiply("excite", x, gate), inputs: 8, outputs: 6)
      },
      // The strongest and the mean channel make the gate: one unit, spread over all channels.
      try network(
        "channel-max", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)],
        pinned: ["gate"]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        let largest = builder.reduce("largest", x, .maximum, axes: [1], keepsAxes: true)
        let mean = builder.reduceMean("mean", x, axes: [1], keepsAxes: true)
        let both = builder.concat("both", [largest, mean])
        let gate = builder.convolution("gate", both, inputs: 2, outputs: 1, kernel: 3, padding: 1)
        let y = builder.multiply("apply", x, builder.node("sigmoid", .activation(.sigmoid), gate))
        return builder.unit("conv2", y, inputs: 6, outputs: 5)
      },
      try network(
        "slopes", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.convolution("conv1", input, inputs: 3, outputs: 6, kernel: 3, padding: 1, bias: true)
        let slopes = builder.constant("prelu.weight", [6, 1, 1])
        return builder.unit(
          "conv2", builder.node("prelu", .elementwise(.parametricRelu), x, slopes), inputs: 6, outputs: 5)
      },
      try flattened("reshape-flatten", channelsLast: false), try flattened("flatten-channels-last", channelsLast: true),
    ]
  }

  /// A reshape merges channels and image: a channel is a run of 16 columns, or every fourth column when it comes last.
  private static func flattened(_ name: String, channelsLast: Bool) throws -> Topology {
    var builder = GraphBuilder(name, seed: 11)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
    x = builder.unit("conv1", x, inputs: 3, outputs: 4, stride: 2)
    if channelsLast { x = builder.transpose("last", x, [0, 2, 3, 1]) }
    x = builder.reshape("flat", x, [-1, 64])
    x = builder.relu("relu", builder.linear("fc1", x, inputs: 64, outputs: 7))
    x = builder.linear("fc2", x, inputs: 7, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(
      graph: randomized(graph, seed: 5), groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["fc1"], 7)],
      pinned: ["fc2"])
  }
}
