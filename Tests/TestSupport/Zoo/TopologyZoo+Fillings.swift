import ModelGraph

/// Zeros, ones and other numbers, as many as a size says that is read off channels or written down.
extension TopologyZoo {
  static func fillingFamily() throws -> [Topology] {
    [
      // torch.zeros_like and full_like: as many as there are channels, beside them.
      try beside("zeros-like") { builder, x in
        builder.node("zeros", .constantOfShape(value: nil), builder.sizes("sizes", x))
      },
      try beside("full-like-expanded") { builder, x in
        builder.node("full", .expand, builder.scalar("half", 0.5), builder.sizes("sizes", x))
      },
      // The size comes apart and together again, and what is filled is changed number by number.
      try beside("ones-of-parts") { builder, x in
        let sizes = builder.sizes("sizes", x)
        let count = builder.unsqueeze("count", builder.gather("channels", sizes, at: 1, axis: 0), axes: [0])
        let image = builder.slice("image", sizes, axes: [0], starts: [2], ends: [4])
        let batch = builder.node("batch", .shape(start: 0, end: 1), x)
        let target = builder.concat("target", [batch, count, image], axis: 0)
        let one = TensorData(shape: [1], floats: [1])
        return builder.scale("small", builder.node("ones", .constantOfShape(value: one), target), by: 0.25)
      },
      // Filled to sizes that are written down, and added: the number of channels is rewritten.
      try network(
        "filled-sum", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        let batch = builder.node("batch", .shape(start: 0, end: 1), x)
        let target = builder.concat("target", [batch, builder.integers("rest", [6, 8, 8])], axis: 0)
        let value = TensorData(shape: [1], floats: [0.75])
        let filled = builder.node("filled", .constantOfShape(value: value), target)
        let y = builder.add("add", x, builder.node("sine", .unary(.sine), filled))
        return builder.unit("conv2", y, inputs: 6, outputs: 5)
      },
      // Along another axis than that of the channels, which are those of both.
      try network(
        "filled-rows", features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
      ) { builder, input in
        let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
        let batch = builder.node("batch", .shape(start: 0, end: 1), x)
        let target = builder.concat("target", [batch, builder.integers("rest", [6, 2, 8])], axis: 0)
        let border = builder.node("border", .expand, builder.constant("number", [1]), target)
        return builder.unit("conv2", builder.concat("cat", [border, x], axis: 2), inputs: 6, outputs: 5)
      },
    ]
  }

  /// Six channels and as many filled ones, which leave with them, before a convolution.
  private static func beside(_ name: String, _ filled: (inout GraphBuilder, String) -> String) throws -> Topology {
    try network(
      name, features: 5, groups: [ExpectedGroup(["conv1"], 6), ExpectedGroup(["conv2"], 5)]
    ) { builder, input in
      let x = builder.unit("conv1", input, inputs: 3, outputs: 6)
      return builder.unit("conv2", builder.concat("cat", [x, filled(&builder, x)]), inputs: 12, outputs: 5)
    }
  }
}

extension GraphBuilder {
  /// All sizes of a value.
  mutating func sizes(_ name: String, _ x: String) -> String { node(name, .shape(start: 0, end: nil), x) }
}
