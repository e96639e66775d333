import ModelGraph

/// Convolutions of other kinds and other numbers of axes.
extension TopologyZoo {
  static func windowFamily() throws -> [Topology] {
    [
      try network(
        "transposed-convolution", features: 5,
        groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["up"], 4), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 6, stride: 2)
        var y = builder.transposedConvolution(
          "up", x, inputs: 6, outputs: 4, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: true)
        y = builder.relu("relu", builder.batchNormalization("up.bn", y, channels: 4))
        return builder.unit("conv2", y, inputs: 4, outputs: 5)
      },
      try network(
        "transposed-grouped", features: 5,
        groups: [
          ExpectedGroup(["conv1"], 8, blocks: 2), ExpectedGroup(["up"], 6, blocks: 2), ExpectedGroup(["conv2"], 5),
        ]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8, stride: 2)
        let y = builder.transposedConvolution("up", x, inputs: 8, outputs: 6, kernel: 2, stride: 2, groups: 2)
        return builder.unit("conv2", y, inputs: 6, outputs: 5)
      },
      try network(
        "transposed-depthwise", features: 5, groups: [ExpectedGroup(["conv1", "up"], 4), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 4, stride: 2)
        let y = builder.transposedConvolution(
          "up", x, inputs: 4, outputs: 4, kernel: 2, stride: 2, groups: 4, bias: true)
        return builder.unit("conv2", y, inputs: 4, outputs: 5)
      },
      // U-Net: what was pooled comes back at the first size, beside what was not.
      try network(
        "skip-connection", features: 5,
        groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["conv2"], 6), ExpectedGroup(["conv3"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 4)
        let y = builder.unit("conv2", builder.maxPool("pool", x, kernel: 2), inputs: 4, outputs: 6)
        let scales = builder.weight("resize.scales", TensorData(shape: [4], floats: [1, 1, 2, 2]))
        let resize = Resize(mode: .nearest, coordinates: .asymmetric, nearestRounding: .floor)
        let large = builder.node("resize", .resize(resize), y, "", scales)
        return builder.unit("conv3", builder.concat("cat", [large, x]), inputs: 10, outputs: 5)
      },
      try signal("convolution-1d", axes: 1, size: 16), try signal("convolution-3d", axes: 3, size: 4),
    ]
  }

  /// Convolutions over one or three axes, with a residual sum, pooling and a grouped layer.
  private static func signal(_ name: String, axes: Int, size: Int) throws -> Topology {
    var builder = GraphBuilder(name, seed: 11)
    let spatial = Array(repeating: Dimension.fixed(size), count: axes)
    let input = builder.input("input", [.symbolic("batch"), .fixed(2)] + spatial)
    var x = builder.convolution("conv1", input, inputs: 2, outputs: 6, kernel: 3, padding: 1, bias: true, axes: axes)
    x = builder.relu("relu1", builder.batchNormalization("bn1", x, channels: 6))
    let y = builder.convolution("conv2", x, inputs: 6, outputs: 6, kernel: 3, padding: 1, axes: axes)
    x = builder.maxPool("pool", builder.add("add", x, y), kernel: 2, axes: axes)
    x = builder.convolution("conv3", x, inputs: 6, outputs: 4, kernel: 1, bias: true, axes: axes)
    x = builder.convolution("grouped", x, inputs: 4, outputs: 4, kernel: 1, groups: 2, axes: axes)
    x = builder.flatten("flat", builder.node("gap", .globalAveragePool, x))
    x = builder.linear("fc", x, inputs: 4, outputs: 3)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)])
    return Topology(
      graph: randomized(graph, seed: 5),
      groups: [
        ExpectedGroup(["conv1", "conv2"], 6), ExpectedGroup(["conv3"], 4, blocks: 2),
        ExpectedGroup(["grouped"], 4, blocks: 2),
      ], pinned: ["fc"])
  }
}
