import ModelGraph

/// Channels that are made of several others, the largest or the mean of them: these leave together.
extension TopologyZoo {
  static func pieceFamily() throws -> [Topology] {
    [
      try pooled("maxout") { builder, x in
        builder.reduce("largest", builder.reshape("cut", x, [0, 6, 2, 8, 8]), .maximum, axes: [2], keepsAxes: false)
      },
      // Behind a rectifier, the axis kept and taken away by a reshape.
      try pooled("mean-of-pieces") { builder, x in
        let cut = builder.relu("relu", builder.reshape("cut", x, [-1, 6, 2, 8, 8]))
        return builder.reshape("merge", builder.reduceMean("mean", cut, axes: [-3], keepsAxes: true), [0, 6, 8, 8])
      },
      // The pieces come first: channels 0 and 6 are one.
      try pooled("sum-of-first-pieces") { builder, x in
        builder.reduce("sum", builder.reshape("cut", x, [0, 2, 6, 8, 8]), .sum, axes: [1], keepsAxes: false)
      },
      try pooled("max-feature-map") { builder, x in
        let halves = builder.split("halves", x, sizes: [6, 6], axis: 1)
        return builder.node("largest", .aggregate(.maximum), halves[0], halves[1])
      },
      // Neighbours by slices of two steps.
      try pooled("max-of-neighbours") { builder, x in
        let (even, odd) = (builder.channels("even", x, 0..<12, step: 2), builder.channels("odd", x, 1..<12, step: 2))
        return builder.node("largest", .aggregate(.maximum), even, odd)
      },
      // A pooling over the channels, which lie on an axis of the image for it.
      try pooled("max-pooled-channels") { builder, x in
        let pooling = Pooling(kernel: [2, 1, 1], strides: [2, 1, 1])
        let pooled = builder.node("pool", .maxPool(pooling), builder.unsqueeze("image", x, axes: [1]))
        return builder.squeeze("channels", pooled, axes: [1])
      },
      // The sizes of the image are computed from what is cut.
      try pooled("maxout-of-sizes") { builder, x in
        let image = builder.node("image", .shape(start: 2, end: 4), x)
        let target = builder.concat("target", [builder.integers("pieces", [-1, 6, 2]), image], axis: 0)
        let cut = builder.node("cut", .reshape(allowsZero: false), x, target)
        return builder.reduce("largest", cut, .maximum, axes: [2], keepsAxes: false)
      },
      try linearMaxout(),
    ]
  }

  /// Twelve channels of "conv1" make six.
  private static func pooled(_ name: String, _ pool: (inout GraphBuilder, String) -> String) throws -> Topology {
    try network(
      name, features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
    ) { builder, input in
      let x = builder.convolution("conv1", input, inputs: 3, outputs: 12, kernel: 3, padding: 1, bias: true)
      return builder.unit("conv2", pool(&builder, x), inputs: 6, outputs: 5)
    }
  }

  /// The largest of three for each of four features.
  private static func linearMaxout() throws -> Topology {
    try sequence(
      "linear-maxout", features: 5,
      groups: [ExpectedGroup(["embed"], 8), ExpectedGroup(["wide"], 4), ExpectedGroup(["next"], 5)]
    ) { builder, x in
      let cut = builder.reshape("cut", builder.matrix("wide", x, inputs: 8, outputs: 12), [0, 0, 4, 3])
      let largest = builder.reduce("largest", cut, .maximum, axes: [3], keepsAxes: false)
      return builder.matrix("next", largest, inputs: 4, outputs: 5)
    }
  }
}
