import ModelGraph

extension TopologyZoo {
  static func joiningFamily() throws -> [Topology] {
    [
      try network(
        "dense-concat", features: 6,
        groups: [
          ExpectedGroup(["conv0"], 4), ExpectedGroup(["conv1"], 3), ExpectedGroup(["conv2"], 5),
          ExpectedGroup(["conv3"], 6),
        ]
      ) { builder, input in
        let first = builder.unit("conv0", input, inputs: 3, outputs: 4)
        let second = builder.unit("conv1", first, inputs: 4, outputs: 3)
        var x = builder.concat("cat1", [input, first, second])
        let joined = builder.relu("relu1", builder.batchNormalization("bn1", x, channels: 10))
        x = builder.unit("conv2", joined, inputs: 10, outputs: 5)
        return builder.unit("conv3", builder.concat("cat2", [joined, x]), inputs: 15, outputs: 6)
      },
      try network(
        "concat-twice", features: 5, groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 4)
        return builder.unit("conv2", builder.concat("cat", [x, x]), inputs: 8, outputs: 5)
      },
      // Along an image axis the channels of both inputs are tied.
      try network(
        "concat-rows", features: 5,
        groups: [ExpectedGroup(["top", "bottom"], 4), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let top = builder.unit("top", input, inputs: 3, outputs: 4)
        let bottom = builder.unit("bottom", input, inputs: 3, outputs: 4)
        return builder.unit("conv2", builder.concat("cat", [top, bottom], axis: -2), inputs: 4, outputs: 5)
      },
      try network(
        "split", features: 4,
        groups: [
          ExpectedGroup(["conv1"], 8, floors: [[0, 1, 2], [3, 4, 5, 6, 7]]), ExpectedGroup(["left", "right"], 4),
        ]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        let left = builder.unit("left", builder.channels("low", x, 0..<3), inputs: 3, outputs: 4)
        let right = builder.unit("right", builder.channels("high", x, 3..<Int(Int32.max)), inputs: 5, outputs: 4)
        return builder.add("add", left, right)
      },
      // Overlapping parts, one of them cut to pieces by two slices and a crop.
      try network(
        "overlapping-split", features: 9,
        groups: [
          ExpectedGroup(["conv1"], 8, floors: [[2, 3, 4]]), ExpectedGroup(["left"], 4), ExpectedGroup(["right"], 5),
        ]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        var part = builder.channels("part", x, 1..<6)
        part = builder.pad("crop", part, before: [0, -1, 0, 0], after: [0, -1, 0, 0])
        let left = builder.unit("left", part, inputs: 3, outputs: 4)
        let right = builder.unit("right", builder.channels("most", x, -6..<8), inputs: 6, outputs: 5)
        return builder.concat("cat", [left, right])
      },
      // Channels 1, 3 and 5 are taken with a step; when some leave, the rest is taken by positions.
      try network(
        "strided-split", features: 4,
        groups: [ExpectedGroup(["conv1"], 8, floors: [[1, 3, 5]]), ExpectedGroup(["left", "right"], 4)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        let left = builder.unit("left", builder.channels("odd", x, 1..<6, step: 2), inputs: 3, outputs: 4)
        let right = builder.unit("right", x, inputs: 8, outputs: 4)
        return builder.add("add", left, right)
      },
      // A border that no convolution meets stays, whatever normalises it.
      try network(
        "padded-alone", features: 5, groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        var x = builder.unit("conv1", input, inputs: 3, outputs: 4)
        x = builder.pad("pad", x, before: [0, 1, 0, 0], after: [0, 2, 1, 0])
        x = builder.relu("relu", builder.batchNormalization("bn", x, channels: 7))
        return builder.unit("conv2", x, inputs: 7, outputs: 5)
      },
      // A border of ones pins the channels that meet it.
      try network(
        "padded-with-ones", features: 5,
        groups: [ExpectedGroup(["conv1", "conv2"], 4), ExpectedGroup(["conv3"], 5)], pinned: ["conv2"]
      ) { builder, input in
        var x = builder.unit("conv1", input, inputs: 3, outputs: 4)
        x = builder.pad("pad", x, before: [0, 2, 0, 0], after: [0, 2, 0, 0], value: 1)
        let y = builder.unit("conv2", input, inputs: 3, outputs: 8)
        return builder.unit("conv3", builder.add("add", x, y), inputs: 8, outputs: 5)
      },
      try network(
        "scaled", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        var x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        x = builder.node("scale", .elementwise(.multiply), builder.constant("gamma", [1, 6, 1, 1]), x)
        x = builder.node("shift", .elementwise(.add), x, builder.constant("beta", [6, 1, 1]))
        x = builder.node("halve", .elementwise(.multiply), x, builder.constant("half", [1]))
        x = builder.node("map", .elementwise(.subtract), x, builder.constant("position", [6, 8, 8]))
        return builder.unit("conv2", x, inputs: 6, outputs: 5)
      },
      // A constant image beside the channels: it stays.
      try network(
        "constant-image", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)],
        batch: .fixed(2)
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        let joined = builder.concat("cat", [builder.constant("image", [2, 2, 8, 8]), x])
        return builder.unit("conv2", joined, inputs: 8, outputs: 5)
      },
    ]
  }
}
