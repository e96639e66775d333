import ModelGraph

/// Normalisations over labelled axes, whole and in the pieces that exporters write.
extension TopologyZoo {
  static func normalizingFamily() throws -> [Topology] {
    [
      // ConvNeXt: channels last, expansion, a learned scale for each channel, residual sum.
      try network(
        "layer-norm-block", features: 6,
        groups: [ExpectedGroup(["conv1", "down"], 6), ExpectedGroup(["up"], 10)]
      ) { builder, input in
        let x = builder.convolution("conv1", input, inputs: 3, outputs: 6, kernel: 3, padding: 1, bias: true)
        var y = builder.transpose("last", x, [0, 2, 3, 1])
        y = builder.layerNormalization("norm", y, size: 6, epsilon: 1e-6)
        y = builder.node(
          "gelu", .activation(.gelu(approximated: false)), builder.matrix("up", y, inputs: 6, outputs: 10))
        y = builder.matrix("down", y, inputs: 10, outputs: 6)
        y = builder.multiply("gamma", y, builder.constant("gamma.weight", [6]))
        return builder.add("add", x, builder.transpose("first", y, [0, 3, 1, 2]))
      },
      try sequence(
        "layer-norm-pieces", features: 5, groups: [ExpectedGroup(["embed"], 8), ExpectedGroup(["next"], 5)]
      ) { builder, x in
        let mean = builder.reduceMean("centre", x, axes: [-1], keepsAxes: true)
        let centred = builder.node("centred", .elementwise(.subtract), x, mean)
        let square = builder.node("square", .elementwise(.power), centred, builder.scalar("two", 2))
        let variance = builder.reduceMean("variance", square, axes: [-1], keepsAxes: true)
        let moved = builder.add("moved", variance, builder.scalar("epsilon", 0x1p-16))
        let root = builder.node("root", .unary(.squareRoot), moved)
        var y = builder.node("normal", .elementwise(.divide), centred, root)
        y = builder.multiply("scaled", y, builder.constant("norm.weight", [8]))
        y = builder.add("shifted", y, builder.constant("norm.bias", [8]))
        return builder.matrix("next", y, inputs: 8, outputs: 5)
      },
      try sequence("rms-norm", features: 5, groups: [ExpectedGroup(["embed"], 8), ExpectedGroup(["next"], 5)]) {
        builder, x in
        builder.matrix("next", builder.rmsNormalization("norm", x, size: 8), inputs: 8, outputs: 5)
      },
      try sequence(
        "rms-norm-pieces", features: 5, groups: [ExpectedGroup(["embed"], 8), ExpectedGroup(["next"], 5)]
      ) { builder, x in
        let mean = builder.reduceMean("centre", builder.multiply("square", x, x), axes: [-1], keepsAxes: true)
        let root = builder.node(
          "root", .unary(.squareRoot), builder.add("moved", mean, builder.scalar("epsilon", 1e-5)))
        let inverse = builder.node("inverse", .unary(.reciprocal), root)
        let y = builder.multiply("normal", x, inverse)
        return builder.matrix(
          "next", builder.multiply("scaled", builder.constant("norm.weight", [8]), y), inputs: 8, outputs: 5)
      },
      try network(
        "group-norm", features: 5,
        groups: [ExpectedGroup(["conv1"], 8, blocks: 2), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.convolution("conv1", input, inputs: 3, outputs: 8, kernel: 3, padding: 1)
        let y = builder.relu("relu", builder.groupNormalization("norm", x, channels: 8, groups: 2))
        return builder.unit("conv2", y, inputs: 8, outputs: 5)
      },
      // One group: the statistics run over everything that is kept.
      try network(
        "group-norm-whole", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.convolution("conv1", input, inputs: 3, outputs: 6, kernel: 3, padding: 1)
        let y = builder.relu("relu", builder.groupNormalization("norm", x, channels: 6, groups: 1))
        return builder.unit("conv2", y, inputs: 6, outputs: 5)
      },
      try network(
        "instance-norm", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.convolution("conv1", input, inputs: 3, outputs: 6, kernel: 3, padding: 1)
        let scale = builder.weight("norm.weight", .filled([6], with: 1))
        let bias = builder.weight("norm.bias", .filled([6], with: 0))
        let y = builder.node("norm", .instanceNormalization(epsilon: 1e-5), x, scale, bias)
        return builder.unit("conv2", builder.relu("relu", y), inputs: 6, outputs: 5)
      },
    ]
  }
}
