import ModelGraph

extension TopologyZoo {
  static func groupedFamily() throws -> [Topology] {
    [
      try network(
        "depthwise", features: 8, groups: [ExpectedGroup(["conv1", "dw"], 6), ExpectedGroup(["pw"], 8)]
      ) { builder, input in
        var x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        x = builder.unit("dw", x, inputs: 6, outputs: 6, groups: 6)
        return builder.unit("pw", x, inputs: 6, outputs: 8, kernel: 1)
      },
      try network(
        "depthwise-multiplier", features: 5, groups: [ExpectedGroup(["conv1", "dw"], 4), ExpectedGroup(["pw"], 5)]
      ) { builder, input in
        var x = builder.unit("conv1", input, inputs: 3, outputs: 4)
        x = builder.unit("dw", x, inputs: 4, outputs: 8, groups: 4)
        return builder.unit("pw", x, inputs: 8, outputs: 5, kernel: 1)
      },
      // A depthwise convolution of the input keeps all of its channels.
      try network(
        "depthwise-input", features: 5, groups: [ExpectedGroup(["pw"], 5)], pinned: ["dw"]
      ) { builder, input in
        let x = builder.unit("dw", input, inputs: 3, outputs: 6, groups: 3)
        return builder.unit("pw", x, inputs: 6, outputs: 5, kernel: 1)
      },
      try network(
        "grouped", features: 5,
        groups: [
          ExpectedGroup(["conv1"], 8, blocks: 4), ExpectedGroup(["middle"], 12, blocks: 4), ExpectedGroup(["conv3"], 5),
        ]
      ) { builder, input in
        var x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        x = builder.unit("middle", x, inputs: 8, outputs: 12, groups: 4)
        return builder.unit("conv3", x, inputs: 12, outputs: 5)
      },
      // The stream in front of and behind a grouped convolution is one, cut once.
      try network(
        "grouped-residual", features: 8, groups: [ExpectedGroup(["conv1", "middle"], 8, blocks: 2)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        return builder.add("add", builder.unit("middle", x, inputs: 8, outputs: 8, groups: 2), x)
      },
      // Two groups of the convolution read different layers, which must shrink alike: one group of units.
      try network(
        "grouped-concat", features: 6,
        groups: [
          ExpectedGroup(["left", "right"], 8, blocks: 2, floors: [[0, 1, 2, 3], [4, 5, 6, 7]]),
          ExpectedGroup(["middle"], 6, blocks: 2),
        ]
      ) { builder, input in
        let left = builder.unit("left", input, inputs: 3, outputs: 4)
        let right = builder.unit("right", input, inputs: 3, outputs: 4)
        return builder.unit("middle", builder.concat("cat", [left, right]), inputs: 8, outputs: 6, groups: 2)
      },
      // Cut into 4 and then into 2 groups: the finer cut serves both.
      try network(
        "grouped-nested", features: 4,
        groups: [ExpectedGroup(["conv1"], 8, blocks: 4), ExpectedGroup(["four", "two"], 8, blocks: 4)],
        pinned: ["last"]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        let four = builder.unit("four", x, inputs: 8, outputs: 8, groups: 4)
        let two = builder.unit("two", x, inputs: 8, outputs: 8, groups: 2)
        let sum = builder.add("add", four, two)
        return builder.convolution("last", sum, inputs: 8, outputs: 4, kernel: 1, groups: 4)
      },
      // One tensor in both groups is balanced by itself; a tensor that is there one and a half times cannot be.
      try network(
        "grouped-concat-twice", features: 6,
        groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["middle"], 6, blocks: 2)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 4)
        return builder.unit("middle", builder.concat("cat", [x, x]), inputs: 8, outputs: 6, groups: 2)
      },
      try network(
        "squeeze-excite", features: 6,
        groups: [ExpectedGroup(["conv1", "expand"], 8), ExpectedGroup(["squeeze"], 2), ExpectedGroup(["conv2"], 6)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        var gate = builder.node("squeezed", .globalAveragePool, x)
        gate = builder.convolution("squeeze", gate, inputs: 8, outputs: 2, kernel: 1, bias: true)
        gate = builder.relu("relu", gate)
        gate = builder.convolution("expand", gate, inputs: 2, outputs: 8, kernel: 1, bias: true)
        gate = builder.node("sigmoid", .activation(.sigmoid), gate)
        let y = builder.node("excite", .elementwise(.multiply), x, gate)
        return builder.unit("conv2", y, inputs: 8, outputs: 6)
      },
      // One gate for all channels: the layer that makes it has a single unit, which is spread and stays.
      try network(
        "single-gate", features: 6, groups: [ExpectedGroup(["conv1"], 8), ExpectedGroup(["conv2"], 6)],
        pinned: ["gate"]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        var gate = builder.convolution("gate", x, inputs: 8, outputs: 1, kernel: 3, padding: 1, bias: true)
        gate = builder.node("sigmoid", .activation(.sigmoid), gate)
        let y = builder.node("apply", .elementwise(.multiply), gate, x)
        return builder.unit("conv2", y, inputs: 8, outputs: 6)
      },
    ]
  }
}
