import ModelGraph

/// Reshapes that cut channels into rows: shuffles, and channels that become image positions.
extension TopologyZoo {
  static func shufflingFamily() throws -> [Topology] {
    [
      // Joined halves a (of "conv1") and r (of "right") are interleaved to a0 r0 a1 r1 | a2 r2 a3 r3 and parted in the middle. The
      // shuffle is one new order of an axis, which asks for nothing: only the parts and the half that "right" reads may not be empty.
      // "conv1" has a0 a1 a2 a3 and the half b0 b1 b2 b3; left behind are a0 a1 with r0 r1, and a2 a3 with r2 r3.
      try network(
        "channel-shuffle", features: 8,
        groups: [
          ExpectedGroup(["conv1"], 8, floors: [[0, 1], [2, 3], [4, 5, 6, 7]]), ExpectedGroup(["right"], 4),
          ExpectedGroup(["right2"], 4),
        ]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        let halves = builder.split("halves", x, sizes: [4, 4], axis: 1)
        let right = builder.unit("right", halves[1], inputs: 4, outputs: 4)
        let shuffled = builder.shuffle(
          "shuffle", builder.concat("cat", [halves[0], right]), rows: 2, columns: 4, size: 8)
        let parts = builder.split("parts", shuffled, sizes: [4, 4], axis: 1)
        let right2 = builder.unit("right2", parts[1], inputs: 4, outputs: 4)
        return builder.concat("cat2", [parts[0], right2])
      },
      // Between grouped convolutions: every group of the second reads half of each group of the first.
      try network(
        "shuffle-grouped", features: 6,
        groups: [
          ExpectedGroup(["conv1"], 8, blocks: 2), ExpectedGroup(["first"], 8, blocks: 4),
          ExpectedGroup(["second"], 6, blocks: 2),
        ]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 8)
        let first = builder.unit("first", x, inputs: 8, outputs: 8, kernel: 1, groups: 2)
        let shuffled = builder.shuffle("shuffle", first, rows: 2, columns: 4, size: 8)
        return builder.unit("second", shuffled, inputs: 8, outputs: 6, groups: 2)
      },
      try upsampled("depth-to-space-crd") { builder, x in
        builder.node("space", .depthToSpace(blockSize: 2, mode: .columnFirst), x)
      },
      try upsampled("depth-to-space-dcr") { builder, x in
        builder.node("space", .depthToSpace(blockSize: 2, mode: .depthFirst), x)
      },
      try upsampled("depth-to-space-crd-reshaped") { builder, x in
        let grid = builder.transpose("swap", builder.reshape("cut", x, [-1, 3, 2, 2, 8, 8]), [0, 1, 4, 2, 5, 3])
        return builder.reshape("merge", grid, [-1, 3, 16, 16])
      },
      try upsampled("depth-to-space-dcr-reshaped") { builder, x in
        let grid = builder.transpose("swap", builder.reshape("cut", x, [0, 2, 2, 3, 8, 8]), [0, 3, 4, 1, 5, 2])
        return builder.reshape("merge", grid, [0, 3, 16, 16])
      },
      try gathered("space-to-depth-dcr", mode: .depthFirst), try gathered("space-to-depth-crd", mode: .columnFirst),
    ]
  }

  /// Twelve channels become three of twice the height and width: the four that share a depth leave together, in either order.
  private static func upsampled(
    _ name: String, _ rearrange: (inout GraphBuilder, String) -> String
  ) throws -> Topology {
    try network(
      name, features: 5, groups: [ExpectedGroup(["conv1"], 3), ExpectedGroup(["conv2"], 5)]
    ) { builder, input in
      let x = builder.unit("conv1", input, inputs: 3, outputs: 12)
      return builder.unit("conv2", rearrange(&builder, x), inputs: 3, outputs: 5)
    }
  }

  /// Each channel is read at four places.
  private static func gathered(_ name: String, mode: DepthOrder) throws -> Topology {
    try network(
      name, features: 5, groups: [ExpectedGroup(["conv1"], 4), ExpectedGroup(["conv2"], 5)]
    ) { builder, input in
      let x = builder.unit("conv1", input, inputs: 3, outputs: 4)
      return builder.unit(
        "conv2", builder.node("depth", .spaceToDepth(blockSize: 2, mode: mode), x), inputs: 16, outputs: 5)
    }
  }
}

extension GraphBuilder {
  /// Channels `[rows, columns]` read column by column, of `size` x `size` images.
  mutating func shuffle(_ name: String, _ x: String, rows: Int, columns: Int, size: Int) -> String {
    let cut = reshape("\(name).cut", x, [-1, rows, columns, size, size])
    let swapped = transpose("\(name).swap", cut, [0, 2, 1, 3, 4])
    return reshape("\(name).merge", swapped, [-1, rows * columns, size, size])
  }
}
