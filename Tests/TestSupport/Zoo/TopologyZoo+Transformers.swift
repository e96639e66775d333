import ModelGraph

/// Whole blocks of the networks that people prune.
extension TopologyZoo {
  static func transformerFamily() throws -> [Topology] {
    [try vision(), try windows(), try tied(), try gated(), try mixer()]
  }

  /// Patches, a class token expanded by the batch's size, positions, attention and a feed-forward part.
  private static func vision() throws -> Topology {
    var builder = GraphBuilder("vision-transformer", seed: 11)
    let input = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
    let batch = builder.node("batch", .shape(start: 0, end: 1), input)
    var x = builder.convolution("patch", input, inputs: 3, outputs: 8, kernel: 4, stride: 4, bias: true)
    x = builder.transpose("tokens", builder.reshape("grid", x, [0, 8, 4]), [0, 2, 1])
    let sizes = builder.concat("sizes", [batch, builder.integers("token.sizes", [1, 8])], axis: 0)
    let token = builder.node("token", .expand, builder.constant("token.weight", [1, 1, 8]), sizes)
    x = builder.concat("all", [token, x], axis: 1)
    x = builder.add("placed", x, builder.constant("positions", [1, 5, 8]))
    let packed = builder.matrix("qkv", builder.layerNormalization("norm1", x, size: 8), inputs: 8, outputs: 24)
    let parts = builder.split("parts", packed, sizes: [8, 8, 8], axis: -1)
    x = builder.add("add1", x, builder.attended(parts[0], parts[1], parts[2]))
    x = builder.feedForward(x)
    x = builder.gather("class", builder.layerNormalization("norm3", x, size: 8), at: 0, axis: 1)
    x = builder.linear("fc", x, inputs: 8, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(
      graph: randomized(graph, seed: 5),
      groups: [
        ExpectedGroup(["patch", "proj", "down"], 8), ExpectedGroup(["qkv"], 8, blocks: 2),
        ExpectedGroup(["qkv"], 8, name: "qkv#2", blocks: 2), ExpectedGroup(["up"], 10),
      ], pinned: ["fc"])
  }

  /// Swin: attention within shifted windows of 2 x 2, then patches merged four to one.
  private static func windows() throws -> Topology {
    var builder = GraphBuilder("shifted-windows", seed: 11)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
    x = builder.convolution("embed", x, inputs: 3, outputs: 8, kernel: 2, stride: 2, bias: true)
    x = builder.transpose("last", x, [0, 2, 3, 1])
    var y = builder.layerNormalization("norm1", x, size: 8)
    y = builder.rolled("there", y, by: 1)
    y = builder.transpose("tiles", builder.reshape("tiles.cut", y, [-1, 2, 2, 2, 2, 8]), [0, 1, 3, 2, 4, 5])
    y = builder.reshape("windows", y, [-1, 4, 8])
    let (q, k, v) = builder.queries(y, memory: y)
    let positions = builder.constant("relative", [2, 4, 4])
    y = builder.attended(q, k, v) { builder, scores in builder.add("biased", scores, positions) }
    y = builder.transpose("image", builder.reshape("image.cut", y, [-1, 2, 2, 2, 2, 8]), [0, 1, 3, 2, 4, 5])
    y = builder.rolled("back", builder.reshape("whole", y, [-1, 4, 4, 8]), by: 3)
    x = builder.add("add1", x, y)
    let corners = [(0, 0), (1, 0), (0, 1), (1, 1)].map { row, column -> String in
      let name = "corner\(row)\(column)"
      let far = Int(Int32.max)
      return builder.slice(name, x, axes: [1, 2], starts: [row, column], ends: [far, far], steps: [2, 2])
    }
    x = builder.layerNormalization("norm2", builder.concat("four", corners, axis: -1), size: 32)
    x = builder.matrix("reduce", x, inputs: 32, outputs: 12, bias: false)
    x = builder.reduceMean("mean", x, axes: [1, 2], keepsAxes: false)
    x = builder.linear("fc", x, inputs: 12, outputs: 4)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    return Topology(
      graph: randomized(graph, seed: 5),
      groups: [
        ExpectedGroup(["embed", "proj"], 8), ExpectedGroup(["q", "k"], 8, blocks: 2),
        ExpectedGroup(["v"], 8, blocks: 2), ExpectedGroup(["reduce"], 12),
      ], pinned: ["fc"])
  }

  /// One weight embeds the words and, turned, scores them.
  private static func tied() throws -> Topology {
    var builder = GraphBuilder("tied-embeddings", seed: 11)
    let words = builder.input("words", [.symbolic("batch"), .symbolic("time")], type: .int64)
    var x = builder.feedForward(builder.embedding("embed", words, count: 11, size: 8))
    x = builder.layerNormalization("norm", x, size: 8)
    x = builder.product("head", x, builder.transpose("turned", "embed.weight", [1, 0]))
    x = builder.add("head.shift", x, builder.constant("head.bias", [11]))
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .symbolic("time"), .fixed(11)])
    return Topology(
      graph: randomized(graph, seed: 5),
      groups: [ExpectedGroup(["embed", "down"], 8), ExpectedGroup(["up"], 10)], pinned: ["head"], vocabulary: 11)
  }

  /// Llama: RMS normalisation, rotary embedding with grouped queries, a gated feed-forward part.
  private static func gated() throws -> Topology {
    try sequence(
      "gated-decoder", time: .fixed(3),
      groups: [
        ExpectedGroup(["embed", "proj", "down"], 8), ExpectedGroup(["q", "k"], 2),
        ExpectedGroup(["v"], 8, blocks: 2), ExpectedGroup(["gate", "up"], 10),
      ]
    ) { builder, input in
      let x = builder.rmsNormalization("norm1", input, size: 8)
      let q = builder.heads("q", builder.matrix("q", x, inputs: 8, outputs: 16, bias: false), 4, 4)
      let k = builder.repeated(
        "k", builder.matrix("k", x, inputs: 8, outputs: 8, bias: false), heads: 2, size: 4, times: 2)
      let v = builder.repeated(
        "v", builder.matrix("v", x, inputs: 8, outputs: 8, bias: false), heads: 2, size: 4, times: 2)
      let angles = builder.angles(time: 3, size: 4)
      let turnedK = builder.transpose("k.turned", builder.rotated("k", k, angles, size: 4), [0, 1, 3, 2])
      let attended = builder.attendedHeads(builder.rotated("q", q, angles, size: 4), turnedK, v, width: 16)
      let first = builder.add("add1", input, attended)
      let y = builder.rmsNormalization("norm2", first, size: 8)
      var gate = builder.matrix("gate", y, inputs: 8, outputs: 10, bias: false)
      gate = builder.multiply("silu", gate, builder.node("sigmoid", .activation(.sigmoid), gate))
      let product = builder.multiply("gated", gate, builder.matrix("up", y, inputs: 8, outputs: 10, bias: false))
      return builder.add("add2", first, builder.matrix("down", product, inputs: 10, outputs: 8, bias: false))
    }
  }

  /// Layers across tokens between layers across channels; the tokens themselves stay, because patches are joined to them.
  private static func mixer() throws -> Topology {
    try network(
      "mixer", features: 8,
      groups: [ExpectedGroup(["patch", "down"], 8), ExpectedGroup(["token_up"], 5), ExpectedGroup(["up"], 10)],
      pinned: ["token_down"]
    ) { builder, input in
      var x = builder.convolution("patch", input, inputs: 3, outputs: 8, kernel: 2, stride: 2, bias: true)
      x = builder.transpose("tokens", builder.reshape("grid", x, [0, 8, 16]), [0, 2, 1])
      var y = builder.transpose("across", builder.layerNormalization("norm1", x, size: 8), [0, 2, 1])
      y = builder.relu("token_relu", builder.matrix("token_up", y, inputs: 16, outputs: 5))
      y = builder.matrix("token_down", y, inputs: 5, outputs: 16)
      x = builder.feedForward(builder.add("add1", x, builder.transpose("along", y, [0, 2, 1])))
      return builder.reshape("image", builder.transpose("channels", x, [0, 2, 1]), [0, 8, 4, 4])
    }
  }
}

extension GraphBuilder {
  /// Normalisation, "up" to 10, "down" to 8, residual sum.
  mutating func feedForward(_ x: String) -> String {
    let y = matrix("up", layerNormalization("norm2", x, size: 8), inputs: 8, outputs: 10)
    let gelu = node("gelu", .activation(.gelu(approximated: true)), y)
    return add("add2", x, matrix("down", gelu, inputs: 10, outputs: 8))
  }

  /// Rows and columns of `[N, 4, 4, C]` moved towards the start, what falls off joined at the end.
  mutating func rolled(_ name: String, _ x: String, by shift: Int) -> String {
    var x = x
    for axis in [1, 2] {
      let tail = slice("\(name).tail\(axis)", x, axes: [axis], starts: [shift], ends: [Int(Int32.max)])
      let head = slice("\(name).head\(axis)", x, axes: [axis], starts: [0], ends: [shift])
      x = concat("\(name).roll\(axis)", [tail, head], axis: axis)
    }
    return x
  }
}
