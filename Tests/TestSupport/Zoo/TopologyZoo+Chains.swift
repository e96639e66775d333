import ModelGraph

extension TopologyZoo {
  static func plainFamily() throws -> [Topology] {
    [
      try network(
        "plain", features: 5,
        groups: [ExpectedGroup(["conv1"], 8), ExpectedGroup(["conv2"], 6), ExpectedGroup(["conv3"], 5)]
      ) { builder, input in
        var x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        x = builder.convolution("conv2", x, inputs: 8, outputs: 6, kernel: 3, padding: 1, bias: true)
        x = builder.node("leaky", .activation(.leakyRelu(slope: 0.1)), x)
        x = builder.maxPool("pool", x, kernel: 2)
        x = builder.convolution("conv3", x, inputs: 6, outputs: 5, kernel: 3, stride: 2, padding: 1)
        x = builder.node(
          "average",
          .averagePool(Pooling(kernel: [2, 2], strides: [1, 1], padding: Padding(all: 1), countsPadding: true)), x)
        x = builder.dropout("drop", x, ratio: 0.5)
        return builder.node("same", .identity, x)
      },
      try flatten(), try linearOnly(), try reduceMean(), try channelMean(), try sharedWeights(),
    ]
  }

  /// One channel is a block of 4 x 4 columns of the matrix behind it.
  private static func flatten() throws -> Topology {
    var builder = GraphBuilder("flatten", seed: 11)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
    x = builder.unit("conv1", x, inputs: 3, outputs: 4)
    x = builder.maxPool("pool", x, kernel: 2)
    x = builder.node("flat", .flatten(axis: 1), x)
    x = builder.linear("fc1", x, inputs: 64, outputs: 10)
    x = builder.node("tanh", .activation(.tanh), x)
    x = builder.linear("fc2", x, inputs: 10, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(
      graph: randomized(graph, seed: 5), groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["fc1"], 10)],
      pinned: ["fc2"])
  }

  /// Matrix products in both orientations, with scale factors, a residual sum and an addend that is a matrix.
  private static func linearOnly() throws -> Topology {
    var builder = GraphBuilder("linear-only", seed: 11)
    var x = builder.input("input", [.symbolic("batch"), .fixed(6)])
    x = builder.linear("fc1", x, inputs: 6, outputs: 9)
    x = builder.relu("relu1", x)
    let first = x
    let plain = Gemm(alpha: 0.5, beta: 2, transposesB: false)
    let matrix = builder.constant("fc2.weight", [9, 7])
    let row = builder.constant("fc2.bias", [1, 7])
    x = builder.node("fc2", .gemm(plain), x, matrix, row)
    x = builder.clip("limit", x, minimum: -0.4, maximum: 0.6)
    x = builder.linear("fc3", x, inputs: 7, outputs: 9, bias: false)
    x = builder.add("sum", x, first)
    x = builder.linear("fc4", x, inputs: 9, outputs: 5)
    // The mean and the softmax run over the units that are kept.
    x = builder.node("soft", .softmax(axis: -1), x)
    x = builder.linear("fc5", x, inputs: 5, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(
      graph: graph,
      groups: [ExpectedGroup(["fc1", "fc3"], 9), ExpectedGroup(["fc2"], 7), ExpectedGroup(["fc4"], 5)],
      pinned: ["fc5"])
  }

  /// A spatial mean without kept axes in place of pooling and flattening.
  private static func reduceMean() throws -> Topology {
    var builder = GraphBuilder("reduce-mean", seed: 11)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
    x = builder.unit("conv1", x, inputs: 3, outputs: 6)
    x = builder.unit("conv2", x, inputs: 6, outputs: 5, stride: 2)
    x = builder.reduceMean("mean", x, axes: [-1, 2], keepsAxes: false)
    x = builder.linear("fc", x, inputs: 5, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(
      graph: randomized(graph, seed: 5), groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)],
      pinned: ["fc"])
  }

  /// Spatial attention: the mean over channels counts those that are kept, and scales all of them.
  private static func channelMean() throws -> Topology {
    try network(
      "channel-mean", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
    ) { builder, input in
      let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
      let mean = builder.reduceMean("mean", x, axes: [1], keepsAxes: true)
      let gate = builder.node("gate", .activation(.sigmoid), mean)
      let y = builder.node("scale", .elementwise(.multiply), gate, x)
      let z = builder.node("soft", .softmax(axis: 1), y)
      return builder.unit("conv2", z, inputs: 6, outputs: 5)
    }
  }

  /// One convolution read by two nodes: what feeds the one is tied to what feeds the other.
  private static func sharedWeights() throws -> Topology {
    try network(
      "shared-weights", features: 10,
      groups: [ExpectedGroup(["left", "right"], 4), ExpectedGroup(["twin", "twin2"], 5)]
    ) { builder, input in
      let left = builder.unit("left", input, inputs: 3, outputs: 4)
      let right = builder.unit("right", input, inputs: 3, outputs: 4, stride: 1)
      let first = builder.convolution("twin", left, inputs: 4, outputs: 5, kernel: 3, padding: 1)
      let second = builder.node(
        "twin2", .convolution(Convolution(kernel: [3, 3], padding: Padding(all: 1))), right, "twin.weight")
      return builder.concat("cat", [first, second])
    }
  }
}
