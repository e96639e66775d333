import ModelGraph

/// Group normalisations as exporters write them: two groups of four channels, which keep equal counts.
extension TopologyZoo {
  static func groupNormalizingFamily() throws -> [Topology] {
    [
      // Operator set 18: a scale and a shift for each group, laid out for its channels.
      try grouped("group-norm-shared-scale") { builder, x in
        let vectors = ["scale", "shift"].map { part -> String in
          let column = builder.unsqueeze("\(part).column", builder.constant("norm.\(part)", [2]), axes: [1])
          return builder.reshape("\(part).vector", builder.expand("\(part).rows", column, [2, 4]), [-1])
        }
        return builder.node(
          "norm", .groupNormalization(GroupNormalization(groups: 2)), x, vectors[0], vectors[1])
      },
      // One group has one scale for all.
      try grouped("group-norm-one-scale", blocks: 0) { builder, x in
        let vectors = ["scale", "shift"].map { part -> String in
          let column = builder.reshape("\(part).column", builder.constant("norm.\(part)", [1]), [1, 1])
          return builder.reshape("\(part).vector", builder.expand("\(part).row", column, [1, 8]), [8])
        }
        return builder.node(
          "norm", .groupNormalization(GroupNormalization(groups: 1)), x, vectors[0], vectors[1])
      },
      // The same behind a normalisation that has its own.
      try grouped("group-norm-scaled-behind") { builder, x in
        let y = builder.groupNormalization("norm", x, channels: 8, groups: 2)
        let column = builder.reshape("column", builder.constant("scale", [2]), [2, 1])
        let rows = builder.expand("rows", column, [2, 4])
        return builder.multiply("scaled", y, builder.reshape("vector", rows, [8, 1, 1]))
      },
      // Each group is one channel of an instance normalisation; scale and shift come behind it.
      try grouped("group-norm-instances") { builder, x in
        let rows = builder.reshape("cut", x, [0, 2, -1])
        let one = builder.weight("norm.one", .filled([2], with: 1))
        let none = builder.weight("norm.none", .filled([2], with: 0))
        var y = builder.node("norm", .instanceNormalization(epsilon: 1e-5), rows, one, none)
        y = builder.reshape("merge", y, [0, 8, 8, 8])
        y = builder.multiply("scaled", y, builder.constant("norm.weight", [8, 1, 1]))
        return builder.add("shifted", y, builder.constant("norm.bias", [8, 1, 1]))
      },
      // In pieces, with a scale and a shift for each group.
      try grouped("group-norm-pieces") { builder, x in
        let rows = builder.reshape("cut", x, [0, 2, -1])
        let mean = builder.reduceMean("centre", rows, axes: [2], keepsAxes: true)
        let centred = builder.node("centred", .elementwise(.subtract), rows, mean)
        let square = builder.multiply("square", centred, centred)
        let variance = builder.reduceMean("variance", square, axes: [2], keepsAxes: true)
        let root = builder.node(
          "root", .unary(.squareRoot), builder.add("moved", variance, builder.scalar("epsilon", 0x1p-16)))
        var y = builder.node("normal", .elementwise(.divide), centred, root)
        y = builder.multiply("scaled", y, builder.constant("norm.scale", [1, 2, 1]))
        y = builder.add("shifted", y, builder.constant("norm.shift", [1, 2, 1]))
        return builder.node(
          "merge", .reshape(allowsZero: false), y, builder.node("sizes", .shape(start: 0, end: nil), x))
      },
    ]
  }

  private static func grouped(
    _ name: String, blocks: Int = 2, _ normalized: (inout GraphBuilder, String) -> String
  ) throws -> Topology {
    try network(
      name, features: 5, groups: [ExpectedGroup(["conv1"], 8, blocks: blocks), ExpectedGroup(["conv2"], 5)]
    ) { builder, input in
      let x = builder.convolution("conv1", input, inputs: 3, outputs: 8, kernel: 3, padding: 1)
      return builder.unit("conv2", builder.relu("relu", normalized(&builder, x)), inputs: 8, outputs: 5)
    }
  }
}
