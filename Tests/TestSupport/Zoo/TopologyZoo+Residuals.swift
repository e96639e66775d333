import ModelGraph

extension TopologyZoo {
  static func residualFamily() throws -> [Topology] {
    [
      try network(
        "residual-projection", features: 12,
        groups: [
          ExpectedGroup(["stem", "b"], 8), ExpectedGroup(["a"], 8), ExpectedGroup(["c"], 12),
          ExpectedGroup(["d", "shortcut"], 12),
        ]
      ) { builder, input in
        let stem = builder.unit("stem", input, inputs: 3, outputs: 8)
        var x = builder.unit("a", stem, inputs: 8, outputs: 8)
        x = builder.unit("b", x, inputs: 8, outputs: 8, activates: false)
        let first = builder.relu("relu1", builder.add("add1", x, stem))
        x = builder.unit("c", first, inputs: 8, outputs: 12, stride: 2)
        x = builder.unit("d", x, inputs: 12, outputs: 12, activates: false)
        let shortcut = builder.unit(
          "shortcut", first, inputs: 8, outputs: 12, kernel: 1, stride: 2, activates: false)
        return builder.relu("relu2", builder.add("add2", x, shortcut))
      },
      try network(
        "residual-option-a", features: 16,
        groups: [
          ExpectedGroup(["stem", "b1", "b2", "b3"], 4), ExpectedGroup(["a1"], 4), ExpectedGroup(["a2"], 8),
          ExpectedGroup(["b2", "b3"], 4), ExpectedGroup(["a3"], 16), ExpectedGroup(["b3"], 8),
        ]
      ) { builder, input in
        var x = builder.unit("stem", input, inputs: 3, outputs: 4)
        for (stage, width) in [4, 8, 16].enumerated() {
          let name = stage + 1
          let inputs = stage == 0 ? 4 : width / 2
          var y = builder.unit("a\(name)", x, inputs: inputs, outputs: width, stride: stage == 0 ? 1 : 2)
          y = builder.unit("b\(name)", y, inputs: width, outputs: width, activates: false)
          if stage > 0 {
            let border = width / 4
            let far = Int(Int32.max)
            x = builder.slice(
              "half\(name)", x, axes: [2, 3], starts: [0, 0], ends: [far, far], steps: [2, 2])
            x = builder.pad("wide\(name)", x, before: [0, border, 0, 0], after: [0, border, 0, 0])
          }
          x = builder.relu("relu\(name)", builder.add("add\(name)", y, x))
        }
        return x
      },
      // The input joins the stream: nothing of the convolution behind it may leave.
      try network(
        "input-residual", features: 5, groups: [ExpectedGroup(["a"], 7), ExpectedGroup(["c"], 5)], pinned: ["b"]
      ) { builder, input in
        var x = builder.unit("a", input, inputs: 3, outputs: 7)
        x = builder.unit("b", x, inputs: 7, outputs: 3)
        x = builder.node("difference", .elementwise(.subtract), input, x)
        return builder.unit("c", x, inputs: 3, outputs: 5)
      },
    ]
  }
}
